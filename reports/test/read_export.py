#!/usr/bin/env python3
"""Reads what `cyclebench export` wrote, by the formats' definitions and nothing of the project, and prints it.

Usage: read_export.py mllog|dawnbench|dawnbench-json|tensorboard|csv|csv-iterations|wandb-jsonl FILE...
A file that breaks a rule of its format ends in an AssertionError or another exception.
"""
import csv
import json
import re
import struct
import sys


def mirror(value, bits):
    return int(format(value, f"0{bits}b")[::-1], 2)


def divided(byte):
    """RFC 3720, bit by bit with the polynomial as it is printed there: what one byte leaves."""
    crc = byte << 24
    for _ in range(8):
        crc = (crc << 1 ^ (0x11EDC6F41 if crc & 1 << 31 else 0)) & 0xFFFFFFFF
    return crc


REMAINDERS = [divided(byte) for byte in range(256)]
MIRRORED = [mirror(byte, 8) for byte in range(256)]


def crc32c(data):
    """On mirrored bytes, as RFC 3720 has it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc << 8 & 0xFFFFFFFF) ^ REMAINDERS[crc >> 24 ^ MIRRORED[byte]]
    return mirror(crc, 32) ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17 & 0xFFFFFFFF) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    """TFRecords: length, masked CRC of the length, data, masked CRC of the data."""
    at = 0
    while at < len(data):
        assert at + 12 <= len(data), "a record is cut off"
        length, check = struct.unpack_from("<QI", data, at)
        assert check == masked(data[at : at + 8]), f"CRC of the length at byte {at}"
        body = data[at + 12 : at + 12 + length]
        assert at + 16 + length <= len(data), "a record is cut off"
        assert struct.unpack_from("<I", data, at + 12 + length)[0] == masked(body), f"CRC of the data at byte {at}"
        yield body
        at += 16 + length


def fields(message):
    """Fields of a protobuf message: (number, value)."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
            continue
        size = {1: 8, 5: 4}.get(kind) or varint()
        assert kind in (1, 2, 5) and at + size <= len(message), f"wire type {kind}, {size} bytes"
        value = message[at : at + size]
        at += size
        yield key >> 3, value if kind == 2 else struct.unpack({1: "<d", 5: "<f"}[kind], value)[0]


def tensorboard(data):
    events = [dict(fields(record)) for record in records(data)]
    assert events[0][3] == b"brain.Event:2" and set(events[0]) == {1, 3}
    step = 0
    for event in events[1:]:
        assert set(event) == {1, 2, 5} and event[2] > step
        step = event[2]
        for number, value in fields(event[5]):
            scalar = dict(fields(value))
            assert number == 1 and set(scalar) == {1, 2}
            print(step, f"{event[1]:.3f}", scalar[1].decode(), f"{scalar[2]:.9g}")


def mllog(data):
    """The rules of mlperf_logging's compliance checker (training, common.yaml) that hold for any benchmark."""
    lines = [json.loads(re.fullmatch(r":::MLLOG (\{.+\})", line)[1]) for line in data.decode("ascii").splitlines()]
    names = [line["key"] for line in lines]
    assert all(list(line) == ["namespace", "time_ms", "event_type", "key", "value", "metadata"] for line in lines)
    kinds = {"start": "INTERVAL_START", "stop": "INTERVAL_END"}
    assert all(line["event_type"] == kinds.get(line["key"].split("_")[-1], "POINT_IN_TIME") for line in lines)
    times = [line["time_ms"] for line in lines]
    assert times == sorted(times) and all(isinstance(time, int) for time in times)
    once = ["submission_benchmark", "submission_division", "init_start", "init_stop", "run_start"]
    assert all(names.count(name) == 1 for name in once)
    assert names.index("init_start") < names.index("init_stop") < names.index("run_start")
    assert names.index("run_start") < names.index("epoch_start") and names.count("run_stop") <= 1
    epoch, evaluation = None, False
    for line in lines:
        name, meta = line["key"], line["metadata"]
        if re.match("epoch_|eval_(start|stop|accuracy)", name):
            assert isinstance(meta["epoch_num"], int)
        if name == "epoch_start":
            assert epoch is None
            epoch = meta["epoch_num"]
        if name.startswith("eval_") and name != "eval_samples" or name == "epoch_stop":
            assert meta["epoch_num"] == epoch
        if name in ("eval_start", "eval_stop"):
            assert evaluation == (name == "eval_stop")
            evaluation = not evaluation
        if name == "epoch_stop":
            assert not evaluation
            epoch = None
        if name == "eval_accuracy":
            assert 0 <= line["value"] <= 1
        if name == "run_stop":
            assert meta["status"] in ("success", "aborted") and line is lines[-1]
        print(line["time_ms"], name, line["value"], meta)


def table(data, delimiter, columns):
    rows = list(csv.reader(data.decode("utf-8").splitlines(), delimiter=delimiter, strict=True))
    assert rows[0] == columns, rows[0]
    for row in rows[1:]:
        assert len(row) == len(columns)
        text = columns.count("run")
        print(*row[:text], *[float(value) if value else None for value in row[text:]])


def dawnbench_json(data):
    entry = json.loads(data.decode("ascii"))
    assert entry["version"] == "v1.0" and re.fullmatch(r"\d{4}-\d\d-\d\d", entry["timestamp"])
    assert isinstance(entry["misc"], dict)
    print(entry["framework"], entry["model"], entry["hardware"], sep="; ")


def wandb(data):
    step = -1
    for line in data.decode("ascii").splitlines():
        history = json.loads(line)
        assert history["_step"] > step and history["_runtime"] >= 0
        step = history["_step"]
        for key, value in history.items():
            if "/" in key:
                single = struct.unpack("<f", struct.pack("<f", value))[0]
                print(step, f"{history['_timestamp']:.3f}", key, f"{single:.9g}")


EPOCHS = "run epoch iteration seconds_total seconds train_loss train_loss_smoothed train_accuracy_percent eval_loss"
READERS = {
    "mllog": mllog,
    "dawnbench": lambda data: table(data, "\t", ["epoch", "hours", "top1Accuracy"]),
    "dawnbench-json": dawnbench_json,
    "tensorboard": tensorboard,
    "csv": lambda data: table(data, ",", EPOCHS.split() + ["eval_accuracy_percent", "images_per_second"]),
    "csv-iterations": lambda data: table(
        data, ",", "run iteration epoch lr momentum loss seconds images_per_second".split()
    ),
    "wandb-jsonl": wandb,
}

if __name__ == "__main__":
    assert crc32c(b"123456789") == 0xE3069283
    for name in sys.argv[2:]:
        with open(name, "rb") as file:
            READERS[sys.argv[1]](file.read())
