// The models a process has open: loaded on demand, unloaded by age, or pinned.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backends/chat_model.h"
#include "base/result.h"

namespace helicon::backends {

struct PoolOptions {
  // Before a load, idle models are unloaded, the longest idle first, until fewer than this are
  // open. Models in use or pinned stay, even above it; memory is the bound that holds.
  size_t max_loaded = 2;
  std::chrono::milliseconds keep_alive{300'000};  // an idle, unpinned model is unloaded after this
};

// What may be loaded, by name. The pool asks each time, so that a model pulled meanwhile is found.
// Called from several threads.
struct ModelSource {
  // Quick. Empty: it is no file of this machine; load() knows. Errors: not_found.
  std::function<Result<std::filesystem::path>(const std::string& name)> resolve;
  std::function<std::vector<std::string>()> names;
  // Whether loading has a chance: quick, asked before anything is unloaded for it. May be empty.
  std::function<Status(const std::filesystem::path& path)> check;
  // Opens weights and starts an engine; slow. Refuses with out_of_memory what would not fit beside
  // what is open: then idle models are unloaded and it is asked once more for each.
  std::function<Result<std::shared_ptr<ChatModel>>(const std::string& name,
                                                   const std::filesystem::path& path)>
      load;
};

// Safe to use from many threads. Loads and unloads happen on one thread of its own, one after the
// other: two loads at once could each fit, and not both.
class ModelPool {
 public:
  using Model = std::shared_ptr<ChatModel>;
  using Callback = std::function<void(Result<Model>)>;

  ModelPool(PoolOptions options, ModelSource source);
  // close(), and waits for a load under way. A model that is still held outlives the pool.
  ~ModelPool();
  // Whoever waits for a load is answered with `cancelled` at once, as is whoever asks from now on.
  void close();

  // Calls `done` once: on this thread when the model is open or its name unknown, and otherwise on
  // the pool's own, which it must not hold up. A model is in use while the result, or a copy of it,
  // is held. Calls for one name while it loads wait for that one load.
  void acquire_async(const std::string& name, Callback done);
  // The same, blocking.
  Result<Model> acquire(const std::string& name);
  // Loads a model that is never unloaded; blocks.
  Status pin(const std::string& name);

  std::vector<std::string> available() const;
  std::vector<std::string> loaded() const;       // in order of their names
  std::map<std::string, PageUse> pages() const;  // of the loaded models that have any
  // Whether a load is under way: then destroying the pool takes a while.
  bool loading() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace helicon::backends
