#include "text/jinja/globals.h"

#include <fmt/format.h>

#include <chrono>
#include <ctime>

#include "text/jinja/builtin.h"
#include "text/jinja/compare.h"
#include "text/jinja/iterate.h"
#include "text/jinja/representation.h"
#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

class GlobalFunction : public Instance {
 public:
  GlobalFunction(Sandbox* sandbox, const Builtin* function)
      : Instance(sandbox, sizeof(GlobalFunction), 0), function_(function) {}
  Result<Value> call(Sandbox& sandbox, Arguments arguments) override {
    return call_builtin(sandbox, *function_, Value::none(), std::move(arguments));
  }
  std::string_view type_name() const override { return "function"; }
  std::string representation(Sandbox& /*sandbox*/) override {
    return fmt::format("<function {}>", function_->name);
  }

 private:
  const Builtin* function_;
};

// Gives its text every time but the first.
class Joiner : public Instance {
 public:
  Joiner(Sandbox* sandbox, Value separator)
      : Instance(sandbox, sizeof(Joiner), separator.depth() + 1),
        separator_(std::move(separator)) {}
  std::optional<Value> attribute(Sandbox& /*sandbox*/, std::string_view name) override {
    if (name == "sep") return separator_;
    if (name == "used") return Value::boolean(used_);
    return std::nullopt;
  }
  Result<Value> call(Sandbox& sandbox, Arguments arguments) override {
    if (!arguments.positional.empty() || !arguments.named.empty())
      return template_error("a joiner takes no arguments");
    return std::exchange(used_, true) ? separator_ : make_string(sandbox, "");
  }
  std::string_view type_name() const override { return "Joiner"; }
  std::string representation(Sandbox& /*sandbox*/) override { return "<Joiner object>"; }

 private:
  const Value separator_;
  bool used_ = false;
};

// Gives its items in turn.
class Cycler : public Instance, public std::enable_shared_from_this<Cycler> {
 public:
  Cycler(Sandbox* sandbox, Value items)
      : Instance(sandbox, sizeof(Cycler), items.depth() + 1), items_(std::move(items)) {}

  std::optional<Value> attribute(Sandbox& sandbox, std::string_view name) override;
  bool is_callable() const override { return false; }
  Result<Value> call(Sandbox& /*sandbox*/, Arguments /*arguments*/) override {
    return template_error("'Cycler' object is not callable");
  }
  std::string_view type_name() const override { return "Cycler"; }
  std::string representation(Sandbox& /*sandbox*/) override { return "<Cycler object>"; }

  Value current() const { return items_.sequence().items[position_]; }
  Value next() {
    Value item = current();
    position_ = (position_ + 1) % items_.sequence().items.size();
    return item;
  }
  Value reset() {
    position_ = 0;
    return Value::none();
  }

 private:
  const Value items_;
  size_t position_ = 0;
};

class CyclerMethod : public Instance {
 public:
  CyclerMethod(Sandbox* sandbox, std::shared_ptr<Cycler> cycler, Value (Cycler::*method)())
      : Instance(sandbox, sizeof(CyclerMethod), cycler->depth() + 1),
        cycler_(std::move(cycler)),
        method_(method) {}
  Result<Value> call(Sandbox& /*sandbox*/, Arguments arguments) override {
    if (!arguments.positional.empty() || !arguments.named.empty()) {
      return template_error("a method of a cycler takes no arguments");
    }
    return (*cycler_.*method_)();
  }
  std::string_view type_name() const override { return "method"; }
  std::string representation(Sandbox& /*sandbox*/) override { return "<bound method of Cycler>"; }

 private:
  const std::shared_ptr<Cycler> cycler_;
  Value (Cycler::*method_)();
};

std::optional<Value> Cycler::attribute(Sandbox& sandbox, std::string_view name) {
  if (name == "current") return current();
  if (name == "items") return items_;
  if (name == "pos") return Value::integer(static_cast<int64_t>(position_));
  if (name == "next")
    return make_instance<CyclerMethod>(&sandbox, shared_from_this(), &Cycler::next);
  if (name == "reset")
    return make_instance<CyclerMethod>(&sandbox, shared_from_this(), &Cycler::reset);
  return std::nullopt;
}

Result<Value> make_cycler(Sandbox& sandbox, const Value& /*self*/, const Bound& arguments) {
  if (!arguments.all.named.empty()) return template_error("cycler() takes no keyword arguments");
  if (arguments.all.positional.empty())
    return template_error("at least one item has to be provided");
  return make_instance<Cycler>(&sandbox, make_tuple(sandbox, arguments.all.positional));
}

Result<Value> make_joiner(Sandbox& sandbox, const Value& /*self*/, const Bound& arguments) {
  return make_instance<Joiner>(&sandbox, arguments.value_or(0, make_string(sandbox, ", ")));
}

// dict(mapping or pairs, name=value, ...).
Result<std::vector<Dict::Entry>> entries_of(Sandbox& sandbox, const Arguments& arguments) {
  std::vector<Dict::Entry> entries;
  if (arguments.positional.size() > 1) return template_error("dict expected at most 1 argument");
  if (!arguments.positional.empty()) {
    const Value& source = arguments.positional[0];
    if (source.is(Kind::undefined)) return template_error(source.undefined().reason);
    if (source.is(Kind::dict)) {
      entries = source.dict().entries();
    } else {
      HELICON_ASSIGN(const auto items, iterate(sandbox, source));
      Value item;
      while (true) {
        HELICON_ASSIGN(const bool more, items->next(sandbox, item));
        if (!more) break;
        HELICON_ASSIGN(std::vector<Value> pair, to_vector(sandbox, item));
        if (pair.size() != 2) return template_error("dict() needs pairs of a key and a value");
        HELICON_TRY(check_hashable(sandbox, pair[0]));
        entries.emplace_back(std::move(pair[0]), std::move(pair[1]));
      }
    }
  }
  for (const auto& [name, value] : arguments.named)
    entries.emplace_back(make_string(sandbox, name), value);
  return entries;
}

Result<Value> make_dict(Sandbox& sandbox, const Value& /*self*/, const Bound& arguments) {
  HELICON_ASSIGN(std::vector<Dict::Entry> entries, entries_of(sandbox, arguments.all));
  return Dict::make(&sandbox, std::move(entries));
}

Result<Value> make_name_space(Sandbox& sandbox, const Value& /*self*/, const Bound& arguments) {
  HELICON_ASSIGN(const std::vector<Dict::Entry> entries, entries_of(sandbox, arguments.all));
  Value result = make_namespace(sandbox);
  for (const auto& [key, value] : entries) {
    HELICON_ASSIGN(const std::string_view name, text_argument(key));
    HELICON_TRY(check_namespace_name(name));
    result.name_space().set(sandbox, name, value);
  }
  return result;
}

Result<Value> raise_exception(Sandbox& sandbox, const Value& /*self*/, const Bound& arguments) {
  return template_error(to_str(sandbox, arguments[0]));
}

Result<Value> make_range(Sandbox& sandbox, const Value& /*self*/, const Bound& arguments) {
  constexpr int64_t most = 100'000;  // MAX_RANGE of jinja2's sandbox
  int64_t numbers[3] = {0, 0, 1};
  for (size_t i = 0; i < 3; ++i) {
    if (!arguments.has(i)) continue;
    HELICON_ASSIGN(numbers[i], integer_argument(arguments[i]));
  }
  if (!arguments.has(1)) std::swap(numbers[0], numbers[1]);
  if (numbers[2] == 0) return template_error("range() arg 3 must not be zero");
  const auto range = std::make_shared<Range>(&sandbox, numbers[0], numbers[1], numbers[2]);
  if (range->length > most) {
    return template_error(
        fmt::format("Range too big. The sandbox blocks ranges larger than {}.", most));
  }
  return Value(Kind::range, range);
}

// datetime.now().strftime(format): the local time, without a zone, and %f for microseconds.
Result<Value> strftime_now(Sandbox& sandbox, const Value& /*self*/, const Bound& arguments) {
  HELICON_ASSIGN(const std::string_view wanted, text_argument(arguments[0]));
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto microseconds =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count() %
      1'000'000;
  std::tm local{};
  localtime_r(&seconds, &local);
  std::string format;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const char next = wanted[i] == '%' && i + 1 < wanted.size() ? wanted[i + 1] : '\0';
    if (next == 'f') {
      format += fmt::format("{:06}", microseconds);
    } else if (next == '%') {
      format += "%%";
    } else if (next != 'z' && next != 'Z') {
      format += wanted[i];
      continue;
    }
    ++i;
  }
  HELICON_TRY(sandbox.allow_text(256 * format.size() + 1024));
  std::string text(256 * format.size() + 1024, '\0');
  text.resize(std::strftime(text.data(), text.size(), format.c_str(), &local));
  if (find_invalid_utf8(text) != std::string::npos) text.clear();
  return make_string(sandbox, std::move(text));
}

constexpr Builtin kGlobals[] = {
    {"cycler", "*", make_cycler},
    {"dict", "*", make_dict},
    {"joiner", "?sep", make_joiner},
    {"namespace", "*", make_name_space},
    {"raise_exception", "message", raise_exception},
    {"range", "/start ?stop step", make_range},
    {"strftime_now", "format", strftime_now},
};

}  // namespace

Value make_global(Sandbox& sandbox, std::string_view name) {
  const Builtin* const function = find_builtin(kGlobals, name);
  return function == nullptr ? Value() : make_instance<GlobalFunction>(&sandbox, function);
}

Status check_namespace_name(std::string_view name) {
  if (!name.starts_with('_')) return ok_status();
  return template_error(fmt::format(
      "Chat templates cannot store underscore-prefixed attributes on a namespace, but got {}.",
      string_repr(name.substr(0, 100))));
}

}  // namespace helicon::text::jinja
