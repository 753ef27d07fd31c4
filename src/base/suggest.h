// "Did you mean ...?": the known name nearest to a mistyped one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace helicon {

// The candidate with the fewest edits (insert, delete, replace, swap of neighbours: the optimal
// string alignment distance), or one that has the letters of `word` in order; empty when none is
// near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// "; did you mean 'NAME'?", or nothing.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace helicon
