#include "history_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <fstream>
#include <system_error>

namespace helicon::apps {
namespace {

std::string as_line(const std::string& entry) {
  return boost::json::serialize(boost::json::string(entry)) + "\n";
}

// What people ask is for their eyes only, hence the mode. One write, so that the lines of two
// sessions do not mix.
void write(const std::filesystem::path& file, const std::string& bytes, int flags) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
  if (descriptor < 0) return;
  [[maybe_unused]] const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
  ::close(descriptor);
}

}  // namespace

std::vector<std::string> load_history(const std::filesystem::path& file, size_t limit) {
  std::vector<std::string> entries;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    boost::json::error_code error;
    const boost::json::value value = boost::json::parse(line, error);
    if (!error && value.is_string()) entries.emplace_back(value.get_string());
  }
  if (entries.size() <= limit) return entries;
  const bool overgrown = entries.size() >= 2 * limit;
  entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(limit));
  if (overgrown) {
    std::string bytes;
    for (const std::string& entry : entries) bytes += as_line(entry);
    // Renamed into place: a full disk must not cost what there was.
    const std::filesystem::path shorter = file.string() + ".new";
    write(shorter, bytes, O_TRUNC);
    std::error_code ignored;
    if (std::filesystem::file_size(shorter, ignored) == bytes.size()) {
      std::filesystem::rename(shorter, file, ignored);
    }
  }
  return entries;
}

void append_history(const std::filesystem::path& file, const std::string& entry) {
  std::error_code ignored;
  std::filesystem::create_directories(file.parent_path(), ignored);
  write(file, as_line(entry), O_APPEND);
}

}  // namespace helicon::apps
