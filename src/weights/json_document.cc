#include "weights/json_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <limits>
#include <utility>
#include <vector>

#include "weights/quoted_name.h"

namespace helicon::weights {
namespace {

namespace json = boost::json;

// Looks over a document before anything is made of it: counts its values, and finds the keys that
// appear twice, of which json::parse would quietly take the last.
struct Inspection {
  static constexpr size_t max_object_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_array_size = max_object_size;
  static constexpr size_t max_key_size = max_object_size;
  static constexpr size_t max_string_size = max_object_size;

  explicit Inspection(size_t most_values) : most(most_values) {}

  size_t most, values = 0;
  std::string key;
  std::vector<std::vector<std::string>> keys;  // of each object that is open
  std::string twice;

  bool count(json::error_code& error) {
    if (++values <= most) return true;
    error = json::error::exception;
    return false;
  }
  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code& error) {
    keys.emplace_back();
    return count(error);
  }
  bool on_object_end(size_t, json::error_code& error) {
    std::vector<std::string>& names = keys.back();
    std::sort(names.begin(), names.end());
    const auto found = std::adjacent_find(names.begin(), names.end());
    if (found != names.end()) {
      twice = *found;
      error = json::error::exception;
      return false;
    }
    keys.pop_back();
    return true;
  }
  bool on_array_begin(json::error_code& error) { return count(error); }
  bool on_array_end(size_t, json::error_code&) { return true; }
  bool on_key_part(json::string_view part, size_t, json::error_code&) {
    key.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, size_t, json::error_code&) {
    key.append(part.data(), part.size());
    keys.back().push_back(std::exchange(key, {}));
    return true;
  }
  bool on_string_part(json::string_view, size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, size_t, json::error_code& error) { return count(error); }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(int64_t, json::string_view, json::error_code& error) { return count(error); }
  bool on_uint64(uint64_t, json::string_view, json::error_code& error) { return count(error); }
  bool on_double(double, json::string_view, json::error_code& error) { return count(error); }
  bool on_bool(bool, json::error_code& error) { return count(error); }
  bool on_null(json::error_code& error) { return count(error); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

}  // namespace

Result<json::object> parse_json_object(std::string_view text, const std::string& file,
                                       const JsonLimits& limits) {
  const auto failed = [&](ErrorCode code, const std::string& problem) {
    return Error{code, fmt::format("{}: {}", file, problem), {}};
  };
  json::parse_options options;
  options.max_depth = limits.depth;
  json::basic_parser<Inspection> inspection(options, limits.values);
  json::error_code error;
  const size_t read = inspection.write_some(false, text.data(), text.size(), error);
  if (!inspection.handler().twice.empty() || error == json::error::exception) {
    if (inspection.handler().values > limits.values)
      return failed(ErrorCode::too_large, fmt::format("has more than {} values", limits.values));
    return failed(ErrorCode::corrupt,
                  fmt::format("key {} appears twice", quoted_name(inspection.handler().twice)));
  }
  if (error == json::error::too_deep)
    return failed(ErrorCode::too_large,
                  fmt::format("is nested deeper than {} levels", limits.depth));
  if (error)
    return failed(ErrorCode::corrupt,
                  fmt::format("is no JSON at byte {}: {}", read, error.message()));
  if (read < text.size())
    return failed(ErrorCode::corrupt, fmt::format("goes on behind its JSON, at byte {}", read));
  json::value value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return failed(ErrorCode::corrupt, fmt::format("is no JSON: {}", error.message()));
  if (!value.is_object()) return failed(ErrorCode::corrupt, "is no JSON object");
  return std::move(value.get_object());
}

}  // namespace helicon::weights
