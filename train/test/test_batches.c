/* Order of an epoch and views of its images. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "data/data.h"
#include "test/hash.h"
static void order_is_a_permutation(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 3, 10, 127, 1000, 50000};
    static uint32_t order[50000];
    static uint8_t seen[50000];
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t n = sizes[s];
        cb_epoch_order(7, 3, 1, n, order);
        memset(seen, 0, sizeof seen);
        for (size_t i = 0; i < n; i++) {
            assert_true(order[i] < n);
            assert_int_equal(seen[order[i]]++, 0);
        }
        cb_epoch_order(7, 3, 0, n, order);
        for (size_t i = 0; i < n; i++) assert_int_equal(order[i], i);
    }
}

static void order_depends_on_seed_and_epoch(void **state)
{
    (void)state;
    enum { N = 5000 };
    static uint32_t first[N], again[N], other[N];
    cb_epoch_order(1, 0, 1, N, first);
    cb_epoch_order(1, 0, 1, N, again);
    assert_memory_equal(first, again, sizeof first);
    for (uint32_t epoch = 1; epoch <= 3; epoch++) {
        size_t equal = 0;
        cb_epoch_order(1, epoch, 1, N, other);
        for (size_t i = 0; i < N; i++) equal += first[i] == other[i];
        assert_true(equal < 12); /* 1 expected */
    }
    cb_epoch_order(2, 0, 1, N, other);
    assert_memory_not_equal(first, other, sizeof first);
    cb_epoch_order(1 + (UINT64_C(1) << 32), 0, 1, N, other);
    assert_memory_not_equal(first, other, sizeof first);
}

/* Every value at every place with probability 1/n: chi-squared over 8 x 8 cells, 49 degrees of freedom; 100 is beyond 4
 * sigma. */
static void order_is_uniform(void **state)
{
    (void)state;
    enum { N = 8, EPOCHS = 20000 };
    uint32_t order[N], count[N][N] = {{0}};
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        cb_epoch_order(42, epoch, 1, N, order);
        for (size_t i = 0; i < N; i++) count[i][order[i]]++;
    }
    double expected = (double)EPOCHS / N, chi_squared = 0.0;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) chi_squared += (count[i][j] - expected) * (count[i][j] - expected) / expected;
    assert_true(chi_squared < 100.0);
}

/* The values are part of the numerics contract: a run on another machine, or of a later version, must see the same
 * images. */
static void order_and_views_are_pinned(void **state)
{
    (void)state;
    static uint32_t order[1000];
    uint64_t hash = fnv1a_start;
    cb_epoch_order(1, 5, 1, 1000, order);
    for (size_t i = 0; i < 1000; i++) {
        struct cb_augmentation zero = {.flip = 1, .crop = 1, .pad = CB_PAD_ZERO}, reflect = zero;
        reflect.pad = CB_PAD_REFLECT;
        struct cb_view a = cb_epoch_view(1, 5, order[i], &zero), b = cb_epoch_view(1, 5, order[i], &reflect);
        uint8_t bytes[8] = {(uint8_t)order[i], (uint8_t)(order[i] >> 8), a.flip, a.row, a.column, b.flip, b.row,
                            b.column};
        hash = fnv1a(hash, bytes, sizeof bytes);
    }
    assert_hash(hash, UINT64_C(0x5539f45ce374c1d7));
}

static void check_views(enum cb_pad pad, unsigned offsets)
{
    enum { N = 40000 };
    struct cb_augmentation all = {.flip = 1, .crop = 1, .pad = pad};
    size_t flips = 0, rows[16] = {0}, columns[16] = {0}, pairs[9][9] = {{0}};
    for (uint32_t image = 0; image < N; image++) {
        struct cb_view view = cb_epoch_view(3, 1, image, &all);
        assert_true(view.flip <= 1 && view.row < offsets && view.column < offsets);
        flips += view.flip;
        rows[view.row]++;
        columns[view.column]++;
        pairs[view.row][view.column]++;
    }
    assert_in_range(flips, N / 2 - 500, N / 2 + 500); /* 5 sigma */
    for (unsigned i = 0; i < offsets; i++) {
        double expected = (double)N / offsets, limit = 5.0 * sqrt(expected);
        assert_true(fabs((double)rows[i] - expected) < limit && fabs((double)columns[i] - expected) < limit);
        for (unsigned j = 0; j < offsets; j++)
            assert_true(fabs((double)pairs[i][j] - expected / offsets) < 5.0 * sqrt(expected / offsets));
    }
}

static void views_have_the_stated_ranges(void **state)
{
    (void)state;
    check_views(CB_PAD_REFLECT, 8);
    check_views(CB_PAD_ZERO, 9);
}

static void views_do_not_depend_on_order(void **state)
{
    (void)state;
    enum { N = 2000 };
    struct cb_augmentation all = {.flip = 1, .crop = 1, .pad = CB_PAD_ZERO}, none = {0}, flip = {.flip = 1},
                           crop = {.crop = 1, .pad = CB_PAD_ZERO};
    static struct cb_view views[N];
    size_t changed = 0;
    for (uint32_t image = 0; image < N; image++) views[image] = cb_epoch_view(9, 4, image, &all);
    for (uint32_t image = N; image-- > 0;) {
        struct cb_view view = cb_epoch_view(9, 4, image, &all), plain = cb_epoch_view(9, 4, image, &none);
        assert_memory_equal(&view, &views[image], sizeof view);
        assert_true(plain.flip == 0 && plain.row == CB_IMAGE_PAD && plain.column == CB_IMAGE_PAD);
        /* One augmentation switched off leaves the other as it was. */
        assert_int_equal(cb_epoch_view(9, 4, image, &flip).flip, view.flip);
        assert_int_equal(cb_epoch_view(9, 4, image, &flip).row, CB_IMAGE_PAD);
        assert_int_equal(cb_epoch_view(9, 4, image, &crop).row, view.row);
        assert_int_equal(cb_epoch_view(9, 4, image, &crop).flip, 0);
        struct cb_view later = cb_epoch_view(9, 5, image, &all);
        changed += memcmp(&later, &view, sizeof view) != 0;
    }
    assert_in_range(changed, N * 97 / 100, N); /* 161 of 162 expected */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_a_permutation),
        cmocka_unit_test(order_depends_on_seed_and_epoch),
        cmocka_unit_test(order_is_uniform),
        cmocka_unit_test(order_and_views_are_pinned),
        cmocka_unit_test(views_have_the_stated_ranges),
        cmocka_unit_test(views_do_not_depend_on_order),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("batches", tests, NULL, NULL);
}
