// What was typed in earlier sessions: one JSON string a line, the newest last.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace helicon::apps {

// The newest `limit` entries, oldest first; lines that are no JSON string are passed over. Shortens
// the file to them once it has grown to twice as many. No file is an empty history.
std::vector<std::string> load_history(const std::filesystem::path& file, size_t limit);

// Adds an entry, in a way that keeps those which another session adds meanwhile. A history that
// cannot be written is no reason to bother anyone: then nothing is kept.
void append_history(const std::filesystem::path& file, const std::string& entry);

}  // namespace helicon::apps
