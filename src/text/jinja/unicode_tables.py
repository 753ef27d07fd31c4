#!/usr/bin/env python3
"""Writes unicode_tables.cc: what Python's str knows of each character, in Unicode's order.

Chat templates are defined by what Python's jinja2 renders, so its own answers are the source:
    python3 src/text/jinja/unicode_tables.py > src/text/jinja/unicode_tables.cc
"""

import unicodedata

PROPERTIES = ["isalpha", "isdecimal", "isdigit", "isnumeric", "isprintable", "isspace", "isupper", "islower"]
LAST = 0x110000
MAPPINGS = {"upper": str.upper, "lower": str.lower, "title": str.title}


def flags(character):
    bits = [getattr(character, name)() for name in PROPERTIES]
    bits += [character.istitle() and not character.isupper()]  # title case only, such as U+01C5
    bits += [character.isidentifier(), ("a" + character).isidentifier()]
    return sum(bit << index for index, bit in enumerate(bits))


def property_runs():
    previous = None
    for code in range(LAST):
        current = flags(chr(code))
        if current != previous:
            yield f"0x{code << 11 | current:x}"
            previous = current


def mapped_ranges(single):
    """(first, last, stride, delta) of characters that map alike; every second one is common."""
    codes = sorted(single)
    index = 0
    while index < len(codes):
        best, stride = index, 1
        for step in (1, 2):
            end = index
            while end + 1 < len(codes) and codes[end + 1] - codes[end] == step and \
                    single[codes[end + 1]] == single[codes[index]]:
                end += 1
            if end > best:
                best, stride = end, step
        yield f"{{0x{codes[index]:x}, 0x{codes[best]:x}, {stride}, {single[codes[index]]}}}"
        index = best + 1


def table(item_type, name, items):
    print(f"constexpr {item_type} {name}_items[] = {{")
    line = "   "
    for item in items:
        if len(line) + len(item) + 2 > 100:
            print(line)
            line = "   "
        line += f" {item},"
    print(line)
    print("};")
    print(f"const std::span<const {item_type}> {name}({name}_items);\n")


def main():
    print("// What Python's str knows of each character. Written by unicode_tables.py from Unicode "
          f"{unicodedata.unidata_version}.")
    print('#include "text/jinja/unicode_tables.h"\n\nnamespace helicon::text::jinja::unicode {\n')
    print("// clang-format off")
    table("uint32_t", "property_runs", property_runs())
    for name, function in MAPPINGS.items():
        whole = {code: function(chr(code)) for code in range(LAST) if function(chr(code)) != chr(code)}
        if name == "title":  # only where it is not upper()
            whole = {code: function(chr(code)) for code in range(LAST) if function(chr(code)) != chr(code).upper()}
        single = {code: ord(text) - code for code, text in whole.items() if len(text) == 1}
        table("CaseRange", f"{name}_ranges", mapped_ranges(single))
        several = [f'{{0x{code:x}, "{"".join(f"{chr(92)}x{byte:02x}" for byte in text.encode())}"}}'
                   for code, text in whole.items() if len(text) > 1]
        table("CaseSpecial", f"{name}_specials", several)
    print("// clang-format on\n\n}  // namespace helicon::text::jinja::unicode")


if __name__ == "__main__":
    main()
