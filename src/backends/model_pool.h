// The models a process has open: loaded on demand, unloaded by age, or pinned.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backends/chat_model.h"
#include "base/result.h"

namespace helicon::backends {

struct PoolOptions {
  size_t max_loaded = 2;                        // idle models beyond this are unloaded, oldest first
  std::chrono::seconds keep_alive{300};         // an idle, unpinned model is unloaded after this
};

// What may be loaded, by name. The pool asks each time, so that a model pulled meanwhile is found.
struct ModelSource {
  std::function<Result<std::filesystem::path>(const std::string& name)> resolve;
  std::function<std::vector<std::string>()> names;
  // Opens weights and starts an engine; slow. Called without the pool's lock, once per name.
  std::function<Result<std::shared_ptr<ChatModel>>(const std::string& name,
                                                   const std::filesystem::path& path)> load;
};

class ModelPool {
 public:
  ModelPool(PoolOptions options, ModelSource source);
  ~ModelPool();

  // Blocks while loading (call it off the I/O threads). Concurrent calls for one name load once.
  Result<std::shared_ptr<ChatModel>> acquire(const std::string& name);
  // Loads and never unloads.
  Result<std::shared_ptr<ChatModel>> pin(const std::string& name);
  std::vector<std::string> available() const;
  std::vector<std::string> loaded() const;
  // Unloads what is idle (no one else holds it), unpinned and older than keep_alive. Called by a timer.
  void sweep();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace helicon::backends
