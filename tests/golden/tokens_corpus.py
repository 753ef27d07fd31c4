"""Hard lines for tokenizers, always the same ones: `lines()` as text, `broken_lines()` as bytes."""


class Random:
    """A generator whose numbers do not depend on the version of Python (64-bit LCG, Knuth)."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % bound

    def choice(self, values):
        return values[self.below(len(values))]

    def several(self, values, least, most):
        return [self.choice(values) for _ in range(least + self.below(most - least + 1))]


def characters(*ranges):
    return [chr(c) for first, last in ranges for c in range(first, last + 1)]


SPACES = [" ", "  ", "   ", "\t", "\t\t", "\n", "\n\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x1f", "\x85", "\xa0",
          "\u1680", "\u180e", "\u2000", "\u2003", "\u200a", "\u200b", "\u2028", "\u2029", "\u202f", "\u205f",
          "\u2060", "\u3000", "\ufeff"]
WORDS = ("the of and to in is was for that on with as it by are from at his an were which this be or had "
         "Hello World naïve café Straße œuvre façade Ångström İstanbul ılık ŁÓDŹ Ελληνικά ΣΊΣΥΦΟΣ привет "
         "Москва українська Հայերեն ქართული ᲥᲐᲠᲗᲣᲚᲘ መግቢያ ǅungla ﬁnance ﬄ camelCase PascalCase SCREAMING_SNAKE "
         "kebab-case x86_64 HTTP2Server iPhone eBay don't we'll I'm rock'n'roll o'clock").split()
SENTENCES = [
    "The quick brown fox jumps over the lazy dog.", "She said, “It's 5 o'clock—already?”",
    "Zażółć gęślą jaźń.", "Příliš žluťoučký kůň úpěl ďábelské ódy.", "Être ou ne pas être, là est la question.",
    "Fußgängerübergänge sind für Fußgänger da.", "¿Dónde está la biblioteca? ¡Allí!",
    "Съешь же ещё этих мягких французских булок, да выпей чаю.", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.",
    "我今天想去图书馆借一本关于机器学习的书。", "吾輩は猫である。名前はまだ無い。", "他说：“你好，世界！”（2024年）",
    "키스의 고유조건은 입술끼리 만나야 하고 특별한 기술은 필요치 않다.", "นี่คือประโยคภาษาไทยที่ไม่มีช่องว่าง",
    "यह एक हिन्दी वाक्य है, जिसमें संयुक्ताक्षर हैं।", "এটি একটি বাংলা বাক্য।", "இது ஒரு தமிழ் வாக்கியம்.",
    "ეს არის ქართული წინადადება.", "Սա հայերեն նախադասություն է։", "שלום עולם, מה שלומך היום?",
    "مرحبا بالعالم، كيف حالك اليوم؟", "این یک جملهٔ فارسی است که نیم‌فاصله دارد.", "Đây là một câu tiếng Việt có dấu.",
    "សួស្តីពិភពលោក", "ສະບາຍດີຊາວໂລກ", "မင်္ဂလာပါကမ္ဘာလောက", "བོད་སྐད་ཀྱི་ཚིག་གྲུབ།", "ᠮᠣᠩᠭᠣᠯ ᠬᠡᠯᠡ",
    "Ⅻ ½ ² ₃ ① ㊿ 〇 𝟘𝟙𝟚 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ℝ ∑∫√ ≤≥≠", "f(x) = ∑ₙ₌₀^∞ xⁿ/n!", "a² + b² = c²; E = mc²",
]
CODE = [
    "def f(x):\n    return x ** 2  # square\n", "for (int i = 0; i < n; ++i) {\n\ta[i] += b[i];\n}\n",
    "if __name__ == \"__main__\":\n        main()\n", "SELECT * FROM t WHERE a >= 10 AND b != 'x''y';",
    "<div class=\"a b\">\r\n\t<p>Hi&nbsp;there</p>\r\n</div>\r\n", "fn main() { println!(\"{:?}\", v[..3].iter()); }",
    "const f = async (x) => await Promise.all(x?.map(y => y ?? 0));", "$HOME/.config/*.{yml,json} 2>&1 | tee -a log",
    "git commit -m \"fix(#123): don't panic\"", "0xDEADBEEF 0b1010 1e-10 3.14f 1_000_000 0o755 .5 5.",
    "\\begin{align}\n  x &= \\frac{1}{2} \\\\\n\\end{align}", "{\"a\": [1, 2.50, null, true], \"b\": \"\\u00e9\\n\"}",
    "https://example.org/a/b?c=1&d=%20#frag", "user.name+tag@example.co.uk", "C:\\Users\\me\\file (1).txt",
    "a->b::c<d<e>>&&!f||~g^h%i", "/* ---- */ // ==== \n#### ****", "\t\t\tif (x) {\n\t\t\t\treturn;\n\t\t\t}\n\n\n",
    "import os, sys\n\n\nclass A(B):\n\n    '''Doc'''\n\n    def __init__(self, *args, **kwargs): pass\n",
]
EMOJI = ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "🇺🇳", "1️⃣", "#️⃣", "❤️", "☺︎", "🧑🏿‍🚀", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🫠", "🪿", "🫨", "🩷", "👁️‍🗨️", "🤷🏻‍♀️", "🫱🏼‍🫲🏾"]
MARKS = characters((0x300, 0x315), (0x323, 0x32d), (0x334, 0x338), (0x345, 0x345), (0x358, 0x35c), (0x591, 0x596),
                   (0x5b0, 0x5b9), (0x64b, 0x652), (0x93c, 0x93c), (0x94d, 0x94d), (0xe31, 0xe31), (0xe34, 0xe3a),
                   (0xf71, 0xf74), (0x1dc0, 0x1dc5), (0x20d0, 0x20d3), (0x302a, 0x302d), (0x3099, 0x309a), (0xfe0f, 0xfe0f),
                   (0x1d165, 0x1d169))
NUMBERS = (["0", "7", "10", "42", "007", "100", "1234", "12345", "123456", "1234567", "3.14159", "1,234,567.89", "-273.15",
            "1e100", "2024-12-31T23:59:60Z", "192.168.0.1", "50%", "$19.99", "№5", "4th", "x1y2z3", "٣٤٥", "४५६", "๗๘๙", "１２３",
            "²³¹", "½¾⅝", "Ⅳⅸ", "①②⑩", "㊀㊉", "𝟏𝟐𝟑", "𐄇𐄈", "🄁", "〇一二三", "𞥐𞥑", "੧੨", "፩፪", "12½", "5²"])
MARKERS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<bos>", "<eos>", "<unk>", "<pad>", "<start_of_turn>", "<end_of_turn>",
           "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|file_sep|>", "<repo_name>", "<empty_output>", "[multimodal]",
           "<unused0>", "<unused42>", "<0x0A>", "<0xE2>", "[PAD151700]", "<start_of_image>", "<|vision_pad|>", "</s>", "<s>",
           "<h1>", "</h1>", "<table>", "<mask>", "<|im_", "im_end|>", "<|", "|>", "<", ">", "<|im_start|", "<<bos>>", "<|im_end|>|>"]
# Some of every plane: scripts, symbols, private use, and code points that are assigned to nothing,
# or were not before Unicode 15 and 16.
BLOCKS = [(0x20, 0x7e), (0xa0, 0xff), (0x100, 0x24f), (0x250, 0x2ff), (0x370, 0x3ff), (0x400, 0x52f), (0x531, 0x58f), (0x590, 0x5ff),
          (0x600, 0x6ff), (0x700, 0x74f), (0x780, 0x7bf), (0x7c0, 0x7ff), (0x840, 0x89f), (0x900, 0x97f), (0x980, 0xbff),
          (0xc00, 0xdff), (0xe00, 0xfff), (0x1000, 0x109f), (0x10a0, 0x10ff), (0x1100, 0x11ff), (0x1200, 0x139f), (0x13a0, 0x13ff),
          (0x1400, 0x167f), (0x1680, 0x17ff), (0x1800, 0x18af), (0x1900, 0x1aff), (0x1b00, 0x1cff), (0x1d00, 0x1dff), (0x1e00, 0x1fff),
          (0x2000, 0x206f), (0x2070, 0x20ff), (0x2100, 0x218f), (0x2190, 0x23ff), (0x2400, 0x25ff), (0x2600, 0x27ff), (0x2800, 0x2bff),
          (0x2c00, 0x2dff), (0x2e00, 0x2fff), (0x3000, 0x30ff), (0x3100, 0x33ff), (0x3400, 0x4dbf), (0x4e00, 0x9fff), (0xa000, 0xa4cf),
          (0xa500, 0xabff), (0xac00, 0xd7a3), (0xd7b0, 0xd7ff), (0xe000, 0xf8ff), (0xf900, 0xfaff), (0xfb00, 0xfdff), (0xfe00, 0xffff),
          (0x10000, 0x101ff), (0x10280, 0x105ff), (0x10600, 0x10aff), (0x10b00, 0x10fff), (0x11000, 0x113ff), (0x11400, 0x11fff),
          (0x12000, 0x123ff), (0x13000, 0x143ff), (0x16100, 0x16aff), (0x16d00, 0x16fff), (0x17000, 0x18cff), (0x1afe0, 0x1b2ff),
          (0x1bc00, 0x1ccff), (0x1cd00, 0x1d1ff), (0x1d200, 0x1d7ff), (0x1d800, 0x1e2ff), (0x1e300, 0x1e9ff), (0x1ec70, 0x1eeff),
          (0x1f000, 0x1f2ff), (0x1f300, 0x1f6ff), (0x1f700, 0x1faff), (0x1fb00, 0x1ffff), (0x20000, 0x2a6df), (0x2a700, 0x2ebef),
          (0x2ebf0, 0x2ee5f), (0x2f800, 0x2fa1f), (0x30000, 0x323af), (0x323b0, 0x3ffff), (0x40000, 0x4ffff), (0x50000, 0x5ffff),
          (0x60000, 0x6ffff), (0x70000, 0x7ffff), (0x80000, 0x8ffff), (0x90000, 0x9ffff), (0xa0000, 0xaffff), (0xb0000, 0xbffff),
          (0xc0000, 0xcffff), (0xd0000, 0xdffff), (0xe0000, 0xe01ef), (0xe0200, 0xeffff), (0xf0000, 0xfffff), (0x100000, 0x10ffff)]


def of_block(random, block):
    return chr(block[0] + random.below(block[1] - block[0] + 1))


def planes(random):
    for block in BLOCKS:
        for _ in range(6):
            text = "".join(of_block(random, block) for _ in range(1 + random.below(12)))
            yield random.choice(["", " ", "a", "1", "-", "\n"]) + text + random.choice(["", " ", "a", "1", "'s", "\n"])


def whitespace(random):
    for space in SPACES:
        yield space
        yield f"a{space}b"
        yield f"{space}a{space}"
        yield f" {space}\n{space} x"
    for length in [*range(1, 12), 15, 16, 17, 30, 31, 32, 33, 62, 63, 64, 65, 100, 127, 128]:
        for space in " \t\n":
            yield space * length
            yield "x" + space * length + "y"
    for _ in range(150):
        yield "".join(random.choice(SPACES) if random.below(3) else random.choice(WORDS) for _ in range(2 + random.below(10)))


def numbers(random):
    yield from NUMBERS
    for length in range(1, 25):
        yield "1234567890" * 3 and ("9876543210" * 3)[:length]
        yield "a" + ("1234567890" * 3)[:length] + "b"
        yield " " * (length % 4) + ("31415926535" * 3)[:length] + "\n"
    for _ in range(100):
        yield random.choice(["", " ", ", ", "+"]).join(random.several(NUMBERS, 2, 5))


def contractions(random):
    suffixes = ["s", "t", "re", "ve", "m", "ll", "d", "S", "T", "RE", "Ve", "vE", "M", "LL", "lL", "D", "ſ", "x", "rex", "sS", ""]
    for apostrophe in ["'", "’", "ʼ", "''", " '", "'\n"]:
        for suffix in suffixes:
            yield f"it{apostrophe}{suffix} ok"
    for _ in range(60):
        yield "".join(random.choice(["I", "YOU", "we", " they", "1", "é", "我", "."]) + random.choice(["'", "'", "’"]) +
                      random.choice(suffixes) for _ in range(1 + random.below(5)))


def combining(random):
    bases = list("aeiouAEnosyc가ᄀ한कけガבم") + ["Å", "ế", "ǭ", "ᾳ", "\u212b", "\u0958", "\uf900", "\u2126", "\u0344", "\u1100\u1161\u11a8"]
    for base in bases:
        for count in (1, 2, 3):
            yield base + "".join(random.several(MARKS, count, count)) + random.choice(["", "b", " c"])
    for _ in range(150):
        yield "".join(random.choice(bases) + "".join(random.several(MARKS, 0, 4)) for _ in range(1 + random.below(6)))
    for mark in MARKS:
        yield mark
        yield "x " + mark + "y"
    yield "a" + "\u0301\u0323" * 40
    yield "Z̸̧̛͚̲͊a̶̡͓͗l̷̤̈́ģ̵̹̈́o̸̧̎"


def controls(_random):
    for code in [*range(0x20), *range(0x7f, 0xa0), 0xad, 0x34f, 0x61c, *range(0x200b, 0x2010), *range(0x202a, 0x202f),
                 *range(0x2066, 0x206a), 0xfeff, 0xfff9, 0xfffc, 0xfffd, 0xfffe, 0xffff, 0x1fffe, 0xe0001, 0x10ffff]:
        yield chr(code)
        yield f"-{chr(code)}-x{chr(code)}1{chr(code)} "


def long_words(random):
    for text in ("a", "ab", "é", "我", "😀", "=", "-=", " a", "A", "aA", "हि", "\u0301", "1", "\n ", " \n", "'s", "_", "\u3000", "\u2581"):
        for count in (20, 75, 300):
            yield text * count
    letters = "abcdefghijklmnopqrstuvwxyz"
    for length in (30, 60, 120, 250, 500):
        for alphabet in (letters, letters.upper() + letters, letters + "0123456789+/", "01", "äöüßéè", "人工智能的一是不了",
                         "אבגדהו", "!@#$%^&*()", "ACGT", " \t\n"):
            yield "".join(random.several(alphabet, length, length))


def markers(random):
    for marker in MARKERS:
        yield marker
        yield f"a {marker} b"
        yield f"  {marker}\n{marker}"
    for _ in range(80):
        yield "".join(random.choice(MARKERS) if random.below(2) else random.choice(WORDS + SPACES) for _ in range(2 + random.below(6)))


def space_marks(_random):
    yield from ["\u2581", "\u2581a", "a\u2581b", " \u2581", "\u2581 ", "\u2581\u2581", "\u2581 \u2581x", "a \u2581\u2581\u2581 b", "Ġ", "Ċ", "aĠb", "ĠĠ ĊĊ", "â–"]


def mixtures(random):
    pools = [WORDS, SPACES, NUMBERS, EMOJI, MARKS, MARKERS, SENTENCES, CODE]
    for _ in range(450):
        parts = []
        for _ in range(2 + random.below(7)):
            parts.append(random.choice(random.choice(pools)) if random.below(4) else of_block(random, random.choice(BLOCKS)))
        yield random.choice(["", " ", "", "\n"]).join(parts)


def emoji(random):
    yield from EMOJI
    for _ in range(80):
        yield random.choice(["", " ", "\u200d", "\ufe0f"]).join(random.several(EMOJI, 2, 6))


def lines():
    """Every line once, in a fixed order."""
    random = Random(8642)
    made = ["", *SENTENCES, *CODE, *WORDS]
    for make in (planes, whitespace, numbers, contractions, combining, controls, long_words, markers, space_marks, emoji, mixtures):
        made.extend(make(random))
    return list(dict.fromkeys(made))


def broken_lines():
    """Bytes that are not UTF-8: stray, overlong, cut short, surrogates, past the end."""
    random = Random(2468)
    broken = [b"\x80", b"\xbf", b"\xc0", b"\xc1", b"\xf5", b"\xfe", b"\xff", b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80",
              b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xe4", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xed\xa0\xbd\xed\xb8\x80",
              b"\xf4\x90\x80\x80", b"\xf7\xbf\xbf\xbf", b"\xf8\x88\x80\x80\x80", b"\xe2\x82\xe2\x82\xac", b"\xf0\x9f\x98a"]
    around = [b"", b" ", b"a", b"1", b"\n", b"hello", b" world", b"'s", "é".encode(), "我".encode(), "😀".encode(), b"  ", b"-", b"_"]
    made = [*broken]
    for piece in broken:
        made.extend([b"a" + piece, piece + b"a", b" " + piece + b" ", b"-" + piece + b"\n"])
    for _ in range(300):
        made.append(b"".join(random.choice(broken) if random.below(3) == 0 else random.choice(around) for _ in range(2 + random.below(8))))
    for _ in range(60):
        made.append(bytes(random.below(256) for _ in range(1 + random.below(30))))
    return [line for line in dict.fromkeys(made) if not is_text(line)]


def is_text(line):
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
