/* The files that a page carries with it, as strings. The Makefile knows that this depends on them. */
extern const char cb_page_style[], cb_page_script[];

#define CB_FILE(name, path)                                                                                            \
    __asm__(".pushsection .rodata\n.global " #name "\n" #name ":\n.incbin \"" path "\"\n.byte 0\n.popsection\n")

CB_FILE(cb_page_style, "reports/page/style.css");
CB_FILE(cb_page_script, "reports/page/script.js");
