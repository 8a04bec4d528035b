#include "grid.h"

#include <stdarg.h>
#include <string.h>

#include "core/printable.h"

void cb_grid_set(struct cb_grid *grid, size_t row, size_t column, const char *format, ...)
{
    if (row >= CB_GRID_ROWS || column >= CB_GRID_COLUMNS) return;
    if (row >= grid->rows) grid->rows = row + 1;
    if (column >= grid->columns) grid->columns = column + 1;
    char *cell = grid->cell[row][column];
    va_list args;
    va_start(args, format);
    vsnprintf(cell, CB_GRID_TEXT, format, args);
    va_end(args);
    cb_make_printable(cell);
    size_t n = 0;
    for (const char *c = cell; *c; c++)
        if (*c != ' ' || (n && cell[n - 1] != ' ')) cell[n++] = *c == '|' ? '/' : *c;
    cell[n] = '\0';
}

/* Characters, not bytes. */
static size_t width(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += (*text & 0xC0) != 0x80;
    return n;
}

static void print_row(const struct cb_grid *grid, size_t row, const size_t *widths, bool markdown, FILE *out)
{
    for (size_t c = 0; c < grid->columns; c++) {
        const char *cell = grid->cell[row][c];
        const int fill = c + 1 < grid->columns || markdown ? (int)(widths[c] - width(cell)) : 0;
        fprintf(out, "%s%s%*s", markdown ? c ? " | " : "| " : c ? "  " : "", cell, fill, "");
    }
    fputs(markdown ? " |\n" : "\n", out);
}

void cb_grid_print(const struct cb_grid *grid, bool markdown, FILE *out)
{
    size_t widths[CB_GRID_COLUMNS] = {0};
    for (size_t r = 0; r < grid->rows; r++)
        for (size_t c = 0; c < grid->columns; c++)
            if (width(grid->cell[r][c]) > widths[c]) widths[c] = width(grid->cell[r][c]);
    for (size_t r = 0; r < grid->rows; r++) {
        print_row(grid, r, widths, markdown, out);
        for (size_t c = 0; c < grid->columns && markdown && r == 0; c++) {
            fputs("|-", out);
            for (size_t i = 0; i < widths[c]; i++) fputc('-', out);
            fputs(c + 1 < grid->columns ? "-" : "-|\n", out);
        }
    }
}
