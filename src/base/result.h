// Errors as values: Error says what went wrong in one line, Result<T> is a T or an Error.
#pragma once

#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace helicon {

// The kinds of failure a caller may want to tell apart. http/error.cc maps each to a status.
enum class ErrorCode {
  invalid_argument,  // what the user gave is wrong: a field, a flag, a value out of range
  not_found,         // no such model, file or route
  unsupported,       // well-formed, but not something this build can do
  corrupt,           // a file or message that contradicts itself
  too_large,         // over a stated limit
  context_length,    // a prompt longer than the model's context
  out_of_memory,     // would not fit; refused before trying
  no_space,          // the disk is full
  io,                // reading or writing failed
  network,           // the other end could not be reached, or hung up
  checksum,          // bytes arrived, but the wrong ones
  overloaded,        // try again later
  cancelled,         // stopped on request
  internal,          // a defect of ours
};

// "invalid_argument", "not_found", ...
std::string_view to_string(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message = {};    // one line, names the file or field and what is wrong with it
  std::string parameter = {};  // the request field at fault ("temperature"), or empty
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Only when ok().
  T& value() & { return assert(ok()), *std::get_if<0>(&state_); }
  const T& value() const& { return assert(ok()), *std::get_if<0>(&state_); }
  T&& value() && { return assert(ok()), std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Only when not ok().
  Error& error() & { return assert(!ok()), *std::get_if<1>(&state_); }
  const Error& error() const& { return assert(!ok()), *std::get_if<1>(&state_); }
  Error&& error() && { return assert(!ok()), std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

// A Result without a value.
struct Unit {};
using Status = Result<Unit>;
inline Status ok_status() { return Unit{}; }

#define HELICON_CONCAT_INNER(a, b) a##b
#define HELICON_CONCAT(a, b) HELICON_CONCAT_INNER(a, b)

// HELICON_TRY(status): returns the error of a Result from the enclosing function, if it is one.
#define HELICON_TRY(expression)                                   \
  do {                                                            \
    if (auto helicon_status = (expression); !helicon_status.ok()) \
      return std::move(helicon_status).error();                   \
  } while (false)

// HELICON_ASSIGN(auto name, result): as HELICON_TRY, and otherwise takes the value out.
#define HELICON_ASSIGN(target, expression) \
  HELICON_ASSIGN_IMPL(HELICON_CONCAT(helicon_result_, __LINE__), target, expression)
#define HELICON_ASSIGN_IMPL(result, target, expression) \
  auto result = (expression);                           \
  if (!result.ok()) return std::move(result).error();   \
  target = std::move(result).value()

}  // namespace helicon
