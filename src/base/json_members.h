// Members of JSON that others wrote, where what is missing and what is of another kind come to the
// same. Where they do not, http/json_reader.h says what is wrong.
#pragma once

#include <boost/json.hpp>
#include <string_view>

namespace helicon {

// Null where there is none, or no object to look into.
inline const boost::json::object* object_in(const boost::json::object* object,
                                            std::string_view name) {
  const boost::json::value* value = object ? object->if_contains(name) : nullptr;
  return value ? value->if_object() : nullptr;
}

inline const boost::json::array* array_in(const boost::json::object* object,
                                          std::string_view name) {
  const boost::json::value* value = object ? object->if_contains(name) : nullptr;
  return value ? value->if_array() : nullptr;
}

// Empty where there is none; it lives as long as the object.
inline std::string_view string_in(const boost::json::object* object, std::string_view name) {
  const boost::json::value* value = object ? object->if_contains(name) : nullptr;
  if (!value || !value->is_string()) return {};
  return std::string_view(value->get_string());
}

}  // namespace helicon
