#include "weights/model_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "weights/folder_files.h"
#include "weights/folder_tokenizer.h"
#include "weights/mapped_model.h"
#include "weights/quoted_name.h"
#include "weights/safetensors.h"
#include "weights/scaled_tensors.h"

namespace helicon::weights {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr size_t kMostConfigBytes = size_t{4} << 20;
constexpr size_t kMostIndexBytes = size_t{32} << 20;
constexpr size_t kMostShards = 1000;
constexpr const char* kConfig = "config.json";
constexpr const char* kIndex = "model.safetensors.index.json";
constexpr const char* kWhole = "model.safetensors";
constexpr std::string_view kExtension = ".safetensors";

// An array of one kind of values; none otherwise.
template <typename To, typename Convert>
bool take_array(const json::array& array, MetadataValue& target, const Convert& convert) {
  std::vector<To> values;
  for (const json::value& one : array) {
    To value;
    if (!convert(one, value)) return false;
    values.push_back(std::move(value));
  }
  target = std::move(values);
  return true;
}

bool to_unsigned(const json::value& from, uint64_t& to) {
  json::error_code error;
  if (!from.is_int64() && !from.is_uint64()) return false;
  to = from.to_number<uint64_t>(error);
  return !error;
}
bool to_signed(const json::value& from, int64_t& to) {
  if (const int64_t* value = from.if_int64()) to = *value;
  return from.is_int64();
}
bool to_double(const json::value& from, double& to) {
  json::error_code error;
  if (from.is_number()) to = from.to_number<double>(error);
  return from.is_number() && !error;
}
bool to_string(const json::value& from, std::string& to) {
  if (const json::string* value = from.if_string()) to.assign(value->data(), value->size());
  return from.is_string();
}
bool to_bool(const json::value& from, bool& to) {
  if (const bool* value = from.if_bool()) to = *value;
  return from.is_bool();
}

// False for arrays that metadata cannot hold.
bool take_value(const json::value& from, MetadataValue& target) {
  if (const json::array* array = from.if_array())
    return take_array<uint64_t>(*array, target, to_unsigned) ||
           take_array<int64_t>(*array, target, to_signed) ||
           take_array<double>(*array, target, to_double) ||
           take_array<std::string>(*array, target, to_string) ||
           take_array<bool>(*array, target, to_bool);
  const auto take = [&](auto value, const auto& convert) {
    if (!convert(from, value)) return false;
    target = std::move(value);
    return true;
  };
  return take(uint64_t{}, to_unsigned) || take(int64_t{}, to_signed) || take(double{}, to_double) ||
         take(std::string(), to_string) || take(false, to_bool);
}

// As deep as parse_json_object has let it be.
Status flatten(const json::object& object, const std::string& prefix, const fs::path& path,
               Metadata& metadata) {
  for (const auto& [name, value] : object) {
    const std::string key = prefix + std::string(name.data(), name.size());
    if (const json::object* inner = value.if_object()) {
      HELICON_TRY(flatten(*inner, key + ".", path, metadata));
      continue;
    }
    MetadataValue taken;
    if (value.is_null()) continue;
    if (!take_value(value, taken)) taken = std::vector<std::string>();
    // {"a.b": 1, "a": {"b": 2}}
    if (metadata.contains(key))
      return file_error(ErrorCode::corrupt, path,
                        fmt::format("says twice what {} is", quoted_name(key)));
    metadata.set(key, std::move(taken));
  }
  return ok_status();
}

Result<Metadata> read_config(const fs::path& folder, FolderFiles& files) {
  const fs::path path = folder / kConfig;
  if (!is_there(path))
    return file_error(ErrorCode::not_found, folder, "is a folder without config.json");
  HELICON_ASSIGN(const json::object config, read_json(path, kMostConfigBytes, files));
  Metadata metadata;
  HELICON_TRY(flatten(config, std::string(kConfigPrefix), path, metadata));
  const auto architecture = metadata.string(std::string(kConfigPrefix) + "model_type");
  if (!architecture.ok()) return file_error(ErrorCode::corrupt, path, "has no 'model_type'");
  metadata.set("general.architecture", *architecture);
  return metadata;
}

// A file of the folder itself: names that lead elsewhere are no shards.
bool is_plain(std::string_view name) {
  return name.size() > kExtension.size() && name.ends_with(kExtension) &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

// Which tensor lies in which shard.
using WeightMap = std::unordered_map<std::string, std::string>;

Result<WeightMap> read_index(const fs::path& path, FolderFiles& files) {
  HELICON_ASSIGN(const json::object index, read_json(path, kMostIndexBytes, files));
  const json::value* value = index.if_contains("weight_map");
  const json::object* entries = value ? value->if_object() : nullptr;
  if (!entries) return file_error(ErrorCode::corrupt, path, "has no object 'weight_map'");
  WeightMap map;
  for (const auto& [tensor, shard] : *entries) {
    std::string name;
    if (!to_string(shard, name) || !is_plain(name))
      return file_error(
          ErrorCode::corrupt, path,
          fmt::format("tensor {} should lie in a file NAME.safetensors of the "
                      "folder, not in {}",
                      quoted_name({tensor.data(), tensor.size()}), quoted_name(name)));
    map.emplace(std::string(tensor.data(), tensor.size()), std::move(name));
  }
  return map;
}

Result<std::vector<TensorView>> read_shard(const fs::path& path, FolderFiles& files) {
  HELICON_ASSIGN(auto file, MappedFile::open(path));
  HELICON_ASSIGN(auto tensors, read_safetensors(file->bytes(), path.string()));
  files.push_back(std::move(file));
  return tensors;
}

Result<std::vector<TensorView>> read_shards(const fs::path& folder, FolderFiles& files) {
  const fs::path path = folder / kIndex;
  HELICON_ASSIGN(const WeightMap map, read_index(path, files));
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : map) shards.insert(shard);
  if (shards.size() > kMostShards)
    return file_error(
        ErrorCode::too_large, path,
        fmt::format("names {} files, at most {} are read", shards.size(), kMostShards));
  std::vector<TensorView> tensors;
  for (const std::string& shard : shards) {
    HELICON_ASSIGN(auto found, read_shard(folder / shard, files));
    for (TensorView& tensor : found) {
      const auto entry = map.find(tensor.name);
      if (entry == map.end() || entry->second != shard)
        return file_error(
            ErrorCode::corrupt, folder / shard,
            fmt::format(
                "holds tensor {}, which {} {}", quoted_name(tensor.name), kIndex,
                entry == map.end() ? "does not name" : "says is in " + quoted_name(entry->second)));
      tensors.push_back(std::move(tensor));
    }
  }
  // Each is in the shard that the map names, and there once: so none is twice, and fewer than the
  // map has means that some are missing.
  if (tensors.size() == map.size()) return tensors;
  std::set<std::string_view> present;
  for (const TensorView& tensor : tensors) present.insert(tensor.name);
  const auto missing = std::find_if(
      map.begin(), map.end(), [&](const auto& entry) { return !present.contains(entry.first); });
  return file_error(ErrorCode::corrupt, folder / missing->second,
                    fmt::format("does not hold tensor {}", quoted_name(missing->first)));
}

}  // namespace

Result<std::shared_ptr<const ModelFile>> open_model_folder(const fs::path& folder) {
  FolderFiles files;
  HELICON_ASSIGN(Metadata metadata, read_config(folder, files));
  add_folder_tokenizer(folder, files, metadata);
  const bool sharded = is_there(folder / kIndex);
  HELICON_ASSIGN(auto tensors,
                 sharded ? read_shards(folder, files) : read_shard(folder / kWhole, files));
  HELICON_TRY(join_scales(folder, metadata, tensors));
  const bool intact =
      std::all_of(files.begin(), files.end(), [](const auto& file) { return file->intact(); });
  if (!intact)
    return file_error(ErrorCode::io, folder, "was cut short or could not be read while opening it");
  return std::shared_ptr<const ModelFile>(std::make_shared<MappedModel>(
      folder, std::move(metadata), std::move(tensors), std::move(files)));
}

}  // namespace helicon::weights
