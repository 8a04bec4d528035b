#ifndef CB_TOPOLOGY_SVG_H
#define CB_TOPOLOGY_SVG_H

#include <hwloc.h>
#include <stdio.h>

/* Draws a machine as boxes in boxes, the CPUs in `used` in colour, with a caption below. hwloc draws pictures only in
 * its program lstopo, which need not be installed and does not know our threads. */
void cb_topology_svg(FILE *out, hwloc_topology_t topology, hwloc_const_bitmap_t used, const char *caption);

#endif
