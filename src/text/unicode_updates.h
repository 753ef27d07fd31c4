// Code points that PCRE2 takes for something else than the current Unicode standard does.
#pragma once

namespace helicon::text {

// A code point of the same length in UTF-8 that PCRE2 10.42 puts where Unicode 16 puts this one;
// for all but a few thousand that is the code point itself. So that one text gives the same tokens
// on every machine, and the tokens that its model was trained with.
char32_t stand_in_for(char32_t code_point);

}  // namespace helicon::text
