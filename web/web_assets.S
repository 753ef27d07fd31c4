// The page's files, one after the other; web_assets_table.cc knows where each begins.
    .section .rodata, "a"
    .global helicon_web_assets
    .balign 16
helicon_web_assets:
    .incbin "web_assets.bin"
    .byte 0
    .section .note.GNU-stack, "", %progbits
