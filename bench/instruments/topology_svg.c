#include "topology_svg.h"

#include <stdbool.h>
#include <string.h>

/* Pixels. */
enum { GAP = 6, LABEL = 18, LETTER = 7, CPU_WIDTH = 56, CPU_HEIGHT = 26, STRIP = 22, MARGIN = 10 };

struct size {
    unsigned width, height;
};

static void print_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

/* "L3 0 (32 MiB)", "Core 5"; a CPU by the number that taskset takes. No size of memory: hwloc misses what was plugged
 * in while the system ran, usual in virtual machines. */
static void label_of(hwloc_obj_t obj, char *text, size_t room)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    char type[64];
    double bytes = hwloc_obj_type_is_cache(obj->type) ? (double)obj->attr->cache.size : 0;
    size_t unit = 0;
    for (; bytes >= 1024 && unit < 3; unit++) bytes /= 1024;
    hwloc_obj_type_snprintf(type, sizeof type, obj, 0);
    if (obj->type == HWLOC_OBJ_PU)
        snprintf(text, room, "CPU %u", obj->os_index);
    else if (bytes > 0)
        snprintf(text, room, "%s %u (%.4g %s)", type, obj->logical_index, bytes, units[unit]);
    else
        snprintf(text, room, "%s %u", type, obj->logical_index);
}

static unsigned larger(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

/* Packages stand below each other; else few children side by side, many in a block about as wide as high. */
static unsigned columns_of(hwloc_obj_t obj)
{
    unsigned columns = 1;
    if (obj->type == HWLOC_OBJ_MACHINE) return 1;
    if (obj->arity <= 4) return obj->arity ? obj->arity : 1;
    while (columns * columns < obj->arity) columns++;
    return columns;
}

static struct size size_of(hwloc_obj_t obj);

static struct size cell_of(hwloc_obj_t obj)
{
    struct size cell = {0, 0};
    for (unsigned i = 0; i < obj->arity; i++) {
        struct size child = size_of(obj->children[i]);
        cell.width = larger(cell.width, child.width);
        cell.height = larger(cell.height, child.height);
    }
    return cell;
}

static struct size size_of(hwloc_obj_t obj)
{
    if (obj->type == HWLOC_OBJ_PU) return (struct size){CPU_WIDTH, CPU_HEIGHT};
    char label[256];
    label_of(obj, label, sizeof label);
    struct size cell = cell_of(obj);
    unsigned columns = columns_of(obj), rows = (obj->arity + columns - 1) / columns;
    unsigned width = columns * (cell.width + GAP) + GAP, strip_width = 0;
    for (hwloc_obj_t memory = obj->memory_first_child; memory; memory = memory->next_sibling) {
        char text[256];
        label_of(memory, text, sizeof text);
        strip_width = larger(strip_width, (unsigned)strlen(text) * LETTER + 4 * GAP);
    }
    width = larger(width, larger(strip_width, (unsigned)strlen(label) * LETTER + 2 * GAP));
    return (struct size){width, LABEL + GAP + obj->memory_arity * (STRIP + GAP) + rows * (cell.height + GAP)};
}

static const char *class_of(hwloc_obj_t obj, bool used)
{
    switch (obj->type) {
    case HWLOC_OBJ_PU:
        return used ? "cpu used" : "cpu";
    case HWLOC_OBJ_CORE:
        return "core";
    case HWLOC_OBJ_PACKAGE:
        return "package";
    case HWLOC_OBJ_NUMANODE:
        return "memory";
    case HWLOC_OBJ_MACHINE:
        return "machine";
    default:
        return hwloc_obj_type_is_cache(obj->type) ? "cache" : "group";
    }
}

static void draw_box(FILE *out, hwloc_obj_t obj, unsigned x, unsigned y, struct size size, bool used)
{
    char label[256];
    label_of(obj, label, sizeof label);
    fprintf(out, "<rect class=\"%s\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\"/><text x=\"%u\" y=\"%u\">",
            class_of(obj, used), x, y, size.width, size.height, x + GAP, y + LABEL - 4);
    print_escaped(out, label);
    fputs("</text>\n", out);
}

static void draw(FILE *out, hwloc_obj_t obj, unsigned x, unsigned y, struct size size, hwloc_const_bitmap_t used)
{
    draw_box(out, obj, x, y, size, obj->type == HWLOC_OBJ_PU && hwloc_bitmap_isset(used, obj->os_index));
    unsigned top = y + LABEL + GAP;
    for (hwloc_obj_t memory = obj->memory_first_child; memory; memory = memory->next_sibling, top += STRIP + GAP)
        draw_box(out, memory, x + GAP, top, (struct size){size.width - 2 * GAP, STRIP}, false);
    struct size cell = cell_of(obj);
    unsigned columns = columns_of(obj);
    for (unsigned i = 0; i < obj->arity; i++)
        draw(out, obj->children[i], x + GAP + i % columns * (cell.width + GAP), top + i / columns * (cell.height + GAP),
             cell, used);
}

void cb_topology_svg(FILE *out, hwloc_topology_t topology, hwloc_const_bitmap_t used, const char *caption)
{
    hwloc_obj_t machine = hwloc_get_root_obj(topology);
    struct size size = size_of(machine);
    unsigned width = larger(size.width, (unsigned)strlen(caption) * LETTER) + 2 * MARGIN;
    unsigned height = size.height + 3 * MARGIN + LABEL;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n"
            "<style>rect{stroke:#444;stroke-width:1;fill:#fff}.machine{fill:#fafafa}.package{fill:#eef}"
            ".memory{fill:#efd}.cache{fill:#f4f4f4}.core{fill:#ddd}.used{fill:#7c6}text{fill:#111}</style>\n"
            "<rect x=\"0\" y=\"0\" width=\"%u\" height=\"%u\" style=\"stroke:none\"/>\n",
            width, height, width, height, width, height);
    draw(out, machine, MARGIN, MARGIN, size, used);
    fprintf(out, "<text x=\"%u\" y=\"%u\">", MARGIN, height - MARGIN);
    print_escaped(out, caption);
    fputs("</text>\n</svg>\n", out);
}
