/* An event file of TensorBoard: TFRecords that hold Event messages (tensorflow/core/util/event.proto), made by hand. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crc32c.h"
#include "export.h"
#include "points.h"

/* A protobuf message while it is made; the longest here has ten values. */
struct message {
    uint8_t bytes[1024];
    size_t length;
};

/* Number and wire type of a field, as its key has them. */
enum field {
    EVENT_WALL_TIME = 1 << 3 | 1,
    EVENT_STEP = 2 << 3 | 0,
    EVENT_FILE_VERSION = 3 << 3 | 2,
    EVENT_SUMMARY = 5 << 3 | 2,
    SUMMARY_VALUE = 1 << 3 | 2,
    VALUE_TAG = 1 << 3 | 2,
    VALUE_SIMPLE_VALUE = 2 << 3 | 5
};

static void put_bytes(struct message *message, const void *bytes, size_t count)
{
    if (count > sizeof message->bytes - message->length) abort(); /* a tag more needs a larger message */
    memcpy(message->bytes + message->length, bytes, count);
    message->length += count;
}

static void put_varint(struct message *message, uint64_t value)
{
    for (; value >= 0x80; value >>= 7) put_bytes(message, &(uint8_t){(uint8_t)(value | 0x80)}, 1);
    put_bytes(message, &(uint8_t){(uint8_t)value}, 1);
}

/* Little-endian, whatever this machine is. */
static void put_fixed(struct message *message, uint64_t value, size_t count)
{
    for (size_t i = 0; i < count; i++) put_bytes(message, &(uint8_t){(uint8_t)(value >> 8 * i)}, 1);
}

static void put_double(struct message *message, enum field field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_varint(message, field);
    put_fixed(message, bits, 8);
}

static void put_block(struct message *message, enum field field, const void *bytes, size_t count)
{
    put_varint(message, field);
    put_varint(message, count);
    put_bytes(message, bytes, count);
}

/* TensorFlow masks the checksums so that a record may hold records. */
static uint32_t masked(const void *bytes, size_t count)
{
    const uint32_t crc = cb_crc32c(bytes, count);
    return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

/* Length, its checksum, the message, its checksum (tensorflow/core/lib/io/record_writer.h). */
static void write_record(FILE *out, const struct message *event)
{
    struct message head = {.length = 0}, tail = {.length = 0};
    put_fixed(&head, event->length, 8);
    put_fixed(&head, masked(head.bytes, 8), 4);
    put_fixed(&tail, masked(event->bytes, event->length), 4);
    fwrite(head.bytes, 1, head.length, out);
    fwrite(event->bytes, 1, event->length, out);
    fwrite(tail.bytes, 1, tail.length, out);
}

static void put_scalar(void *summary, const char *tag, double value)
{
    struct message scalar = {.length = 0};
    const float single = (float)value;
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    put_block(&scalar, VALUE_TAG, tag, strlen(tag));
    put_varint(&scalar, VALUE_SIMPLE_VALUE);
    put_fixed(&scalar, bits, 4);
    put_block(summary, SUMMARY_VALUE, scalar.bytes, scalar.length);
}

bool cb_export_tensorboard(FILE *out, const struct cb_report_run *run, struct cb_report_error *err)
{
    static const char version[] = "brain.Event:2";
    double started;
    if (!cb_export_started(&started, run, "tensorboard", err)) return false;
    struct message first = {.length = 0};
    put_double(&first, EVENT_WALL_TIME, started);
    put_block(&first, EVENT_FILE_VERSION, version, sizeof version - 1);
    write_record(out, &first);
    struct cb_points points = {0};
    struct cb_point point;
    while (cb_points_next(&points, run, &point)) {
        struct message summary = {.length = 0}, event = {.length = 0};
        cb_point_metrics(&point, put_scalar, &summary);
        put_double(&event, EVENT_WALL_TIME, started + point.seconds);
        put_varint(&event, EVENT_STEP);
        put_varint(&event, point.iteration);
        put_block(&event, EVENT_SUMMARY, summary.bytes, summary.length);
        write_record(out, &event);
    }
    return true;
}
