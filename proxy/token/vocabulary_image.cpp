// The images of the vocabularies, put into the read-only data of the binary as the build made them (embed.cmake names
// the files). Holds no code. Assembler, because a C++ array of six million numbers would take minutes to compile.

#define WEIR_EMBED(symbol, file)        \
    asm(".section .rodata\n"            \
        ".global " symbol               \
        "\n"                            \
        ".hidden " symbol               \
        "\n"                            \
        ".type " symbol                 \
        ", %object\n"                   \
        ".balign 4096\n" symbol         \
        ":\n"                           \
        ".incbin \"" file               \
        "\"\n"                          \
        ".size " symbol ", . - " symbol \
        "\n"                            \
        ".previous\n")

WEIR_EMBED("weir_image_cl100k", WEIR_IMAGE_CL100K);
WEIR_EMBED("weir_image_o200k", WEIR_IMAGE_O200K);
