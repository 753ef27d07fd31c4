#include "text/chat_template.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace helicon::text {
namespace {

namespace json = boost::json;

std::string read_file(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

Result<std::string> render(std::string_view source, const json::object& variables = {},
                           const TemplateLimits& limits = {}) {
  HELICON_ASSIGN(const auto compiled, ChatTemplate::compile(source));
  return compiled->render(variables, limits);
}

std::string text_of(std::string_view source, const json::object& variables = {}) {
  const auto text = render(source, variables);
  return text.ok() ? *text : "error: " + text.error().message;
}

std::string error_of(std::string_view source, const json::object& variables = {},
                     const TemplateLimits& limits = {}) {
  const auto text = render(source, variables, limits);
  return text.ok() ? "rendered: " + *text : text.error().message;
}

// What jinja2 made of a template, from templates.py --update: a text, or null where it refused.
void expect_golden(const json::object& golden, const std::string& name, const std::string& source,
                   const json::object& variables) {
  const json::value* const expected = golden.if_contains(name);
  ASSERT_NE(expected, nullptr) << name;
  const auto text = render(source, variables);
  if (expected->is_null()) {
    EXPECT_FALSE(text.ok()) << name << "\nshould have been refused, but gave\n" << *text;
  } else if (!text.ok()) {
    ADD_FAILURE() << name << "\n" << text.error().message;
  } else {
    EXPECT_EQ(*text, std::string_view(expected->as_string())) << name;
  }
}

TEST(ChatTemplate, RendersWhatJinja2Renders) {
  const std::filesystem::path folder = "tests/golden";
  const json::object golden = json::parse(read_file(folder / "templates.json")).as_object();
  const json::object inputs = json::parse(read_file(folder / "template_inputs.json")).as_object();
  const json::object& features = inputs.at("values of every kind").as_object();
  size_t checked = 0;
  std::istringstream lines(read_file(folder / "template_lines.txt"));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.starts_with("## ")) continue;
    expect_golden(golden, line, line, features);
    ++checked;
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder / "templates")) {
    const std::string name = entry.path().filename();
    const std::string source = read_file(entry.path());
    if (!name.starts_with("chat")) {
      expect_golden(golden, name + ": features", source, features);
      ++checked;
      continue;
    }
    for (const auto& input : inputs) {
      expect_golden(golden, name + ": " + std::string(input.key()), source,
                    input.value().as_object());
      ++checked;
    }
  }
  EXPECT_GE(checked, golden.size());
}

TEST(ChatTemplate, ErrorsNameTheLine) {
  EXPECT_EQ(error_of("a\n{% if x %}\n{{ y. }}"),
            "chat template, line 3: unexpected '}}', expected a name or number");
  EXPECT_EQ(error_of("a\n{{ 1 }}\n\n{{ x.y }}"), "chat template, line 4: 'x' is undefined");
  EXPECT_EQ(error_of("{% macro m() %}\n{{ 1 // 0 }}\n{% endmacro %}\n\n{{ m() }}"),
            "chat template, line 2: integer division or modulo by zero");
  EXPECT_EQ(error_of("{{ 'a'\n | upper\n | nothing }}"),
            "chat template, line 3: there is no filter 'nothing'");
  EXPECT_EQ(error_of("{% for x in y %}\nx"),
            "chat template, line 2: the template ends where {% endfor %} is missing");
}

TEST(ChatTemplate, WhatATemplateRaisesIsTheMessageInOneLine) {
  EXPECT_EQ(error_of("{{ raise_exception('roles must\nalternate') }}"),
            "chat template, line 1: roles must alternate");
  const std::string message = error_of("{{ raise_exception('\xc3\xa9' * 10000) }}");
  EXPECT_LT(message.size(), 600u);
  EXPECT_TRUE(message.ends_with("\xc3\xa9..."));
}

TEST(ChatTemplate, RefusesWhatIsNotUtf8) {
  EXPECT_EQ(error_of("ab\xff"), "chat template, the template is not valid UTF-8 at byte 2");
  EXPECT_EQ(error_of("{{ x }}", {{"x", "a\xc3"}}),
            "chat template variables: a variable is not valid UTF-8 at byte 1");
}

TEST(ChatTemplate, RefusesIntegersThatPythonAloneCanHold) {
  EXPECT_EQ(error_of("{{ 9223372036854775808 }}"),
            "chat template, line 1: an integer does not fit into 64 bits");
  EXPECT_EQ(error_of("{{ 9223372036854775807 + 1 }}"),
            "chat template, line 1: an integer does not fit into 64 bits");
  EXPECT_EQ(error_of("{{ 2 ** 64 }}"),
            "chat template, line 1: an integer does not fit into 64 bits");
  EXPECT_EQ(error_of("{{ ('9' * 30) | int }}"),
            "chat template, line 1: an integer does not fit into 64 bits");
  EXPECT_EQ(error_of("{{ x }}", {{"x", 18446744073709551615u}}),
            "chat template variables: an integer does not fit into 64 bits");
  EXPECT_EQ(text_of("{{ -9223372036854775807 - 1 }}"), "-9223372036854775808");
  EXPECT_EQ(
      text_of(
          "{{ (-9223372036854775807 - 1) // -1 if false else (-9223372036854775807 - 1) % -1 }}"),
      "0");
}

TEST(ChatTemplate, KeepsNothingBetweenRenderings) {
  const auto compiled = ChatTemplate::compile(
      "{% set ns = namespace(n=start) %}{% for i in range(100) %}{% set ns.n = ns.n + i %}{% "
      "endfor %}{{ ns.n }}");
  ASSERT_TRUE(compiled.ok());
  std::vector<std::thread> threads;
  for (int start = 0; start < 4; ++start) {
    threads.emplace_back([&, start] {
      for (int round = 0; round < 50; ++round) {
        const auto text = (*compiled)->render({{"start", start}});
        ASSERT_TRUE(text.ok());
        EXPECT_EQ(*text, std::to_string(start + 4950));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Templates come from strangers: each of these must end soon, small, and with an error.
class HostileTemplate : public testing::TestWithParam<std::string> {};

TEST_P(HostileTemplate, IsStoppedByALimit) {
  // A tenth of what is allowed by default, to be done in a tenth of the time.
  TemplateLimits limits;
  limits.steps /= 10;
  limits.output_bytes /= 10;
  limits.memory_bytes /= 10;
  const std::string message = error_of(GetParam(), {}, limits);
  EXPECT_TRUE(message.find("does not come to an end") != std::string::npos ||
              message.find("bytes of memory") != std::string::npos ||
              message.find("makes a text of more than") != std::string::npos ||
              message.find("nested") != std::string::npos ||
              message.find("too") != std::string::npos)
      << message.substr(0, 300);
}

std::string repeated(std::string_view piece, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += piece;
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    ChatTemplate, HostileTemplate,
    testing::Values(
        // Time.
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% macro m() %}{% call m() %}{% endcall %}{{ caller }}{% endmacro %}{% call m() %}{% "
        "endcall %}",
        "{% set a = 'a' * 1000000 %}{% for i in range(100000) %}{% set b = (a + 'b') in (a + a) "
        "%}{% endfor %}",
        "{% set a = 'a' * 10000000 %}{% for i in range(100000) %}{% set b = a == 'b' ~ a[1:] %}{% "
        "endfor %}",
        "{% set a = range(100000) | list %}{% for i in a %}{% set b = a == a | list %}{% endfor %}",
        "{% set a = range(100000) | list %}{% for i in a %}{% set b = a | sort %}{% endfor %}",
        "{% set a = '\u00e9' * 1000000 %}{% for i in range(100000) %}{% set b = a[i] %}{% endfor "
        "%}",
        "{% set d = dict(a='x' * 50000000) %}{% for i in range(100000) %}{% set b = d | tojson "
        "%}{% endfor %}",
        // Memory and output.
        "{{ 'a' * 10000000000 }}", "{{ [1] * 10000000000 }}", "{{ ['a' * 1000] * 100000000 }}",
        "{{ (1, 2) * 9223372036854775807 }}", "{{ 'ab' * 9223372036854775807 }}",
        "{% set ns = namespace(s='a') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% "
        "endfor %}",
        "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% "
        "endfor %}",
        "{% set ns = namespace(s='a') %}{% for i in range(99) %}{% set ns.s = ns.s.replace('a', "
        "'aa') %}{% endfor %}",
        "{% set ns = namespace(s=[]) %}{% for i in range(999) %}{% set ns.s = ns.s + ['a' * "
        "1000000 ~ i] %}{% endfor %}",
        "{% set a = 'a' * 1000000 %}{{ a.replace('a', a) }}",
        "{% set a = 'a' * 1000000 %}{{ a.join(a) }}",
        "{% set a = 'a' * 1000000 %}{{ a.replace('', a) }}",
        "{% set a = 'a' * 1000000 %}{{ a | join(a) }}", "{{ '%1000000000d' % 1 }}",
        "{{ '%.1000000000f' % 1 }}", "{{ '{:1000000000}'.format(1) }}",
        "{{ '{:,.900000000f}'.format(1.5) }}", "{{ '%*d' % (9999999999, 1) }}",
        "{{ 'a'.center(9223372036854775807) }}", "{{ 'a'.zfill(9223372036854775807) }}",
        "{{ 'a\\tb'.expandtabs(9223372036854775807) }}",
        "{{ '\\t\\t'.expandtabs(4611686018427387904) }}", "{{ [1] | tojson(indent=10000000000) }}",
        "{{ 'a\\nb' | indent(10000000000) }}", "{{ 'a' | center(10000000000) }}",
        "{{ [1] | batch(10000000000, 2) | list }}", "{{ [1] | slice(10000000000) | list }}",
        "{% set a = 'a,' * 10000000 %}{% set b = [a.split(','), a.split(','), a.split(',')] %}",
        "{% for i in range(100000) %}{{ 'a' * 1000000 }}{% endfor %}",
        "{% macro m(n) %}{% if n %}{% set x %}{{ m(n - 1) }}{{ m(n - 1) }}{% endset %}{{ x }}{% "
        "else %}aaaaaaaa{% endif "
        "%}{% endmacro %}{{ m(90) }}",
        // Nesting of values and what walks over them.
        "{% set ns = namespace(s=[]) %}{% for i in range(100000) %}{% set ns.s = [ns.s] %}{% "
        "endfor %}",
        "{% set ns = namespace(s={}) %}{% for i in range(100000) %}{% set ns.s = {1: ns.s} %}{% "
        "endfor %}",
        "{% set ns = namespace(s=[1]) %}{% for i in range(150) %}{% set ns.s = [ns.s, ns.s] %}{% "
        "endfor %}{{ ns.s }}",
        "{% set ns = namespace(s=[1]) %}{% for i in range(150) %}{% set ns.s = [ns.s, ns.s] %}{% "
        "endfor %}{{ ns.s | tojson "
        "}}",
        "{% set ns = namespace(s=(1,), t=(1,)) %}{% for i in range(150) %}{% set ns.s = (ns.s, "
        "ns.s) %}{% set ns.t = (ns.t, "
        "ns.t) %}{% endfor %}{{ ns.s == ns.t }}",
        "{% set ns = namespace(s=(1,)) %}{% for i in range(150) %}{% set ns.s = (ns.s, ns.s) %}{% "
        "endfor %}{{ {ns.s: 1} }}",
        "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}",
        "{% set ns = namespace() %}{% set ns.me = [ns, ns] %}{{ ns }}",
        "{% set ns = namespace(s=[1]) %}{% for i in range(100000) %}{% set ns.s = ns.s | "
        "map('string') %}{% endfor %}",
        "{% set ns = namespace(s='') %}{% for i in range(100000) %}{% set ns.s = joiner(ns.s) %}{% "
        "endfor %}",
        "{% set ns = namespace(s='') %}{% for i in range(100000) %}{% set ns.s = cycler(ns.s) %}{% "
        "endfor %}",
        "{% set ns = namespace() %}{% for i in range(50000) %}{% for j in [ns.l] %}{% set ns.l = "
        "loop %}{% endfor %}{% "
        "endfor %}",
        // Nesting of the source.
        "{{ " + repeated("(", 100000) + repeated(")", 100000) + " }}",
        "{{ " + repeated("[", 100000) + repeated("]", 100000) + " }}",
        "{{ " + repeated("not ", 100000) + "1 }}", "{{ " + repeated("-", 100000) + "1 }}",
        "{{ 1" + repeated(" + 1", 100000) + " }}", "{{ a" + repeated(".b", 100000) + " }}",
        "{{ a" + repeated("|upper", 100000) + " }}", "{{ a" + repeated("()", 100000) + " }}",
        "{{ 1" + repeated(" if 1 else 1", 100000) + " }}", repeated("{% if a %}", 100000),
        repeated("{% for a in b %}", 100000),
        "{{ " + repeated("{1:", 100000) + "1" + repeated("}", 100000) + " }}",
        "{{ 1 is " + repeated("divisibleby(1 is ", 100000) + "odd" + repeated(")", 100000) +
            " }}"));

TEST(ChatTemplate, HostileTemplatesMayEndWellTooButNeverByACrash) {
  // Chains of objects that own one another would take the stack with them when they go.
  EXPECT_EQ(text_of("{% set ns = namespace() %}{% for i in range(50000) %}{% set ns.x = "
                    "namespace(x=ns.x) %}{% endfor %}."),
            ".");
  EXPECT_EQ(text_of("{% set ns = namespace() %}{% macro f(x) %}{% macro g() %}{{ x }}{% endmacro "
                    "%}{% set ns.m = g %}"
                    "{% endmacro %}{% for i in range(50000) %}{% set _ = f(ns.m) %}{% endfor %}."),
            ".");
  EXPECT_EQ(text_of("{% set ns = namespace() %}{% set ns.a = [ns] %}{% set ns.b = {'x': ns.a} %}{{ "
                    "ns.a == ns.a }}"),
            "True");
  EXPECT_EQ(text_of("{% set ns = namespace() %}{% for x in [1, 2] if x %}{% set ns.l = loop %}{% "
                    "endfor %}{{ ns.l.length }}"
                    "{{ ns.l.last }}{{ ns.l.nextitem }}{{ ns.l.previtem }}"),
            "2True");
  EXPECT_EQ(text_of("{{ 1" + repeated(" + 1", 400) + " }}"), "401");
  EXPECT_EQ(text_of("{{ 0" + repeated(" or 0", 20000) + " }}"), "0");
  EXPECT_EQ(text_of(repeated("{% if 1 %}", 100) + "x" + repeated("{% endif %}", 100)), "x");
}

TEST(ChatTemplate, TheLimitsAreThoseOfTheCaller) {
  TemplateLimits limits;
  limits.steps = 100;
  EXPECT_EQ(error_of("{% for i in range(200) %}{% endfor %}", {}, limits),
            "chat template, line 1: does not come to an end within 100 steps");
  limits = {};
  limits.output_bytes = 10;
  EXPECT_EQ(error_of("{{ 'a' * 11 }}", {}, limits),
            "chat template, line 1: makes a text of more than 10 bytes");
  EXPECT_EQ(error_of("12345678\n901", {}, limits),
            "chat template, line 1: makes a text of more than 10 bytes");
  limits = {};
  limits.memory_bytes = 1000;
  EXPECT_EQ(error_of("{{ x }}", {{"x", json::array(1000, 1)}}, limits),
            "chat template, line 1: its values take more than 1000 bytes of memory");
  limits = {};
  limits.depth = 10;
  EXPECT_EQ(error_of("{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(1) }}", {}, limits),
            "chat template, line 1: nested more than 10 levels deep");
}

}  // namespace
}  // namespace helicon::text
