"""Random templates for templates.py --random: most of them odd, many of them wrong, all of them short."""

import random

NAMES = ("text empty spaces lines accents emoji han quotes html zero one seven negative large pi half tiny whole yes no "
         "nothing numbers mixed words nested floats none_list pairs d empty_dict users tree missing").split()
LITERALS = ["1", "-2", "0", "2.5", "1e3", "'a'", "'b,c'", "''", "' é😀 '", "\"it's\"", "'%s-%s'", "'%5.2f'", "'{}|{:>4}'",
            "[]", "[1, 'a', none]", "(1, 2)", "()", "{}", "{'a': 1, 'b': [2]}", "{1: 'x', 'y': 2}", "none", "true", "false",
            "range(3)", "range(5, 0, -2)", "namespace(a=1)", "'<b>' | safe", "'a\\nb\\n\\nc'", "'AbC dEf'", "'x' * 3"]
BINARY = "+ - * / // % ~ == != < <= > >= in and or".split() + ["not in"]
FILTERS = ("abs capitalize count default default('x') default('x',true) dictsort dictsort(true) "
           "dictsort(by='value') e escape first float float(1) forceescape groupby('age') indent indent(2,true) "
           "indent('>',blank=true) int int(7) int(0,16) join join(',') join('-',attribute='name') last length "
           "list lower max min max(attribute='age') replace('a','b') replace('','.') replace('l','L',1) round "
           "round(1) round(1,'floor') safe sort sort(reverse=true) sort(attribute='name') "
           "sort(case_sensitive=true) string sum sum(start=1) title tojson tojson(indent=2) "
           "tojson(sort_keys=true) tojson(ensure_ascii=true) tojson(separators=(',',':')) trim trim('a') "
           "truncate(5) truncate(5,true,'') upper urlencode center(9) d(1) attr('a') format(1,'x') nofilter").split()
# These give iterators, whose text holds an address: they are always used up at once.
ITERATING = ("batch(2) batch(2,0) items map('upper') map('length') map(attribute='name') "
             "map(attribute='zz',default='-') reject reject('none') rejectattr('age','gt',30) reverse select "
             "select('odd') select('string') select('in',[1,'a']) selectattr('age') "
             "selectattr('name','equalto','Ann') slice(2) slice(3,0) unique").split()
TESTS = ("defined undefined none string number integer float boolean mapping iterable sequence callable odd even true false "
         "lower upper escaped divisibleby(2) eq(1) ne('a') lt(2) gt(1) in([1,'a',none]) sameas(none) notest").split()
METHODS = ("upper() lower() title() capitalize() swapcase() strip() strip('a') lstrip() rstrip() split() split(',') split(',',1) "
           "rsplit(none,1) splitlines() splitlines(true) startswith('a') endswith(('a','d')) find('l') rfind('l') count('l') "
           "replace('l','') join('xy') join(['a','b']) format(1,2) format(*[1],a=2) center(7,'*') ljust(7) zfill(6) isdigit() "
           "isalpha() isupper() istitle() isspace() partition(',') removeprefix('H') items() keys() values() get('a') "
           "get('zz',0) index(1) copy() append(1) pop() update() nothing() name a 0 zz").split()
SUBSCRIPTS = ["0", "-1", "1:", ":2", "::-1", "1:4:2", "'a'", "'name'", "none", "5", "::0", "-3:-1", "true"]


class Grammar:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, options):
        return self.random.choice(options)

    def chance(self, of_ten):
        return self.random.randrange(10) < of_ten

    def atom(self):
        return self.pick(NAMES) if self.chance(6) else self.pick(LITERALS)

    def expression(self, depth):
        if depth == 0:
            return self.atom()
        inner = lambda: self.expression(depth - 1)
        kind = self.random.randrange(12)
        if kind < 4:
            return f"{self.operand(depth)} | {self.filter()}" + (f" | {self.filter()}" if self.chance(3) else "")
        if kind < 6:
            return f"{self.operand(depth)}.{self.pick(METHODS)}"
        if kind == 6:
            subscript = self.pick(SUBSCRIPTS)
            # Slices only of names: of constants jinja2 takes them early, and then forgives what it otherwise refuses.
            return f"{self.pick(NAMES) if ':' in subscript else self.operand(depth)}[{subscript}]"
        if kind == 7:
            return f"{inner()} is {'not ' if self.chance(3) else ''}{self.pick(TESTS)}"
        if kind == 8:
            return f"({inner()} if {inner()}" + (f" else {inner()})" if self.chance(7) else ")")
        if kind == 9:
            return f"{self.pick(['not ', '-', '+', ''])}({inner()})"
        if kind == 10:
            return self.pick(["[{}, {}]", "({}, {})", "{{'k': {}, 1: {}}}", "'%s %r' % ({}, {})", "'{{}}{{!r}}'.format({}, {})",
                              "dict(a={}, b={})"]).format(inner(), inner())
        return f"{inner()} {self.pick(BINARY)} {inner()}" + (f" {self.pick(BINARY)} {inner()}" if self.chance(2) else "")

    def filter(self):
        if self.chance(6):
            return self.pick(FILTERS)
        return f"{self.pick(ITERATING)} | {self.pick(['list', 'list', 'first', 'join', 'sort', 'unique | list', 'length'])}"

    def operand(self, depth):
        return self.atom() if self.chance(5) else f"({self.expression(depth - 1)})"

    def blank(self):
        return "".join(self.pick(["", " ", "\n", "  ", "\t", "x", "é", "\r\n"]) for _ in range(self.random.randrange(4)))

    def tag(self, inside, brackets="%%"):
        left = self.pick(["", "", "-", "+" if brackets == "%%" else ""])
        right = self.pick(["", "", "-", "+" if brackets == "%%" else ""])
        begin, end = ("{%", "%}") if brackets == "%%" else ("{{", "}}")
        return f"{self.blank()}{begin}{left} {inside} {right}{end}{self.blank()}"

    def output(self):
        return self.tag(self.expression(self.pick([0, 1, 1, 1, 2, 3])), "{}")

    def body(self, depth):
        return "".join(self.statement(depth - 1) for _ in range(1 + self.random.randrange(2)))

    def statement(self, depth):
        if depth <= 0 or self.chance(4):
            return self.output()
        tag, expression, body = self.tag, self.expression, self.body
        kind = self.random.randrange(9)
        name = self.pick(["x", "y", "text", "numbers", "ns.a"])
        if kind == 0:
            return tag(f"set {name} = {expression(2)}") + tag(name, "{}")
        if kind == 1:
            return tag(f"set {name}" + (f" | {self.pick(FILTERS)}" if self.chance(3) else "")) + body(depth) + tag("endset") + \
                tag(name, "{}")
        if kind == 2:
            return tag(f"if {expression(2)}") + body(depth) + (tag(f"elif {expression(1)}") + body(depth) if self.chance(3) else "") + \
                (tag("else") + body(depth) if self.chance(5) else "") + tag("endif")
        if kind == 3:
            target = self.pick(["x", "y", "x, y", "text"])
            where = f" if {expression(1)}" if self.chance(3) else ""
            loop = tag(self.pick(["loop.index", "loop.last", "loop.length", "loop.revindex0", "loop.previtem", "loop.nextitem",
                                  "loop.cycle(1, 2)", "loop.changed(x)", "loop"]), "{}") if self.chance(5) else ""
            leave = tag(f"if {expression(1)}") + tag(self.pick(["break", "continue"])) + tag("endif") if self.chance(3) else ""
            source = self.pick(NAMES) + " | " + self.pick(ITERATING) if self.chance(3) else expression(1)
            return tag(f"for {target} in {source}{where}") + loop + tag("x", "{}") + leave + body(depth) + \
                (tag("else") + body(depth) if self.chance(3) else "") + tag("endfor")
        if kind == 4:
            return tag("macro m(x, y=" + expression(1) + ")") + tag("x", "{}") + tag("y", "{}") + body(depth) + tag("endmacro") + \
                tag(self.pick(["m(1)", "m(text, 2)", "m(y=1)", "m()", "m(*[1, 2])", "m(1) | upper", "m(1, 2, 3)"]), "{}")
        if kind == 5:
            return tag("filter " + self.pick(FILTERS)) + body(depth) + tag("endfilter")
        if kind == 6:
            return tag(f"with x = {expression(1)}, y = {expression(1)}") + tag("x ~ y", "{}") + body(depth) + tag("endwith")
        if kind == 7:
            return tag("set ns = namespace(a=" + expression(1) + ")") + tag(f"set ns.b = {expression(1)}") + tag("ns", "{}") + body(depth)
        return tag("macro w(x)") + tag("caller(x) if caller else '-'", "{}") + tag("endmacro") + tag(f"call(y) w({expression(1)})") + \
            tag("y", "{}") + body(depth) + tag("endcall")

    def template(self):
        return self.statement(self.pick([1, 1, 1, 2, 3]))
