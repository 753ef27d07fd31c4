#include "backends/model_pool.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <future>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <utility>

namespace helicon::backends {

using Clock = std::chrono::steady_clock;

namespace {

struct OpenModel {
  std::shared_ptr<ChatModel> model;
  int users = 0;
  bool pinned = false;
  Clock::time_point idle_since;  // while users == 0

  bool idle() const { return users == 0 && !pinned; }
};

struct Job {
  std::string name;
  std::filesystem::path path;
  bool pin = false;
  std::vector<ModelPool::Callback> waiting;
};

Error stopping() { return {ErrorCode::cancelled, "the program is stopping", {}}; }

}  // namespace

struct ModelPool::Impl : std::enable_shared_from_this<Impl> {
  using Models = std::map<std::string, std::shared_ptr<OpenModel>>;
  struct Unloading {
    std::string name;
    std::shared_ptr<OpenModel> model;
  };
  struct Task {
    std::vector<Unloading> unloadings;
    const Job* job = nullptr;
  };
  struct Answer {
    Callback done;
    Result<Model> model;
  };

  Impl(PoolOptions pool_options, ModelSource model_source)
      : options(pool_options), source(std::move(model_source)) {}

  void acquire(const std::string& name, bool pin, Callback done);
  Result<Model> wait_for(const std::string& name, bool pin);
  Model lease(const std::shared_ptr<OpenModel>& open);
  void work();
  std::optional<Task> wait_for_task();  // nothing: the pool is closed
  void run(const Job& job);
  Status check(const Job& job) const;
  Result<Model> load(const Job& job) const;
  std::vector<Answer> finish(Result<Model> loaded);
  Unloading take(Models::iterator position);
  std::optional<Unloading> take_oldest(size_t open_models);
  Clock::time_point take_expired(std::vector<Unloading>& expired);
  static void unload(Unloading unloading);

  const PoolOptions options;
  const ModelSource source;
  mutable std::mutex mutex;
  std::condition_variable changed;
  Models models;                   // guarded by mutex, as are the next four
  std::vector<Unloading> retired;  // not healthy: unloaded after their last user
  std::deque<Job> jobs;            // the first is being loaded while `busy`
  bool busy = false;
  bool closed = false;
  std::thread thread;  // last: it uses all of the above
};

// Counts a user for as long as the result or a copy of it lives. Called with the lock held.
ModelPool::Model ModelPool::Impl::lease(const std::shared_ptr<OpenModel>& open) {
  ++open->users;
  ChatModel* model = open->model.get();
  return Model(model, [self = shared_from_this(), open, keep = open->model](ChatModel*) {
    const std::lock_guard lock(self->mutex);
    open->idle_since = Clock::now();
    if (--open->users == 0) self->changed.notify_all();
  });
}

void ModelPool::Impl::acquire(const std::string& name, bool pin, Callback done) {
  std::unique_lock lock(mutex);
  const auto answer_at_once = [&] {
    if (closed) {
      lock.unlock();
      done(stopping());
      return true;
    }
    const auto found = models.find(name);
    if (found == models.end()) return false;
    if (!found->second->model->healthy()) {
      retired.push_back(take(found));
      changed.notify_all();
      return false;
    }
    found->second->pinned |= pin;
    Model model = lease(found->second);
    lock.unlock();
    done(std::move(model));
    return true;
  };
  if (answer_at_once()) return;
  lock.unlock();
  Result<std::filesystem::path> path = source.resolve(name);
  if (!path.ok()) return done(std::move(path).error());

  lock.lock();
  if (answer_at_once()) return;  // loaded meanwhile
  auto job = std::find_if(jobs.begin(), jobs.end(), [&](const Job& j) { return j.name == name; });
  if (job == jobs.end()) job = jobs.insert(jobs.end(), Job{name, *std::move(path), false, {}});
  job->pin |= pin;
  job->waiting.push_back(std::move(done));
  changed.notify_all();
}

Result<ModelPool::Model> ModelPool::Impl::wait_for(const std::string& name, bool pin) {
  // Shared, as set_value() may still touch it when get() has returned.
  const auto answer = std::make_shared<std::promise<Result<Model>>>();
  acquire(name, pin, [answer](Result<Model> model) { answer->set_value(std::move(model)); });
  return answer->get_future().get();
}

void ModelPool::Impl::work() {
  while (std::optional<Task> task = wait_for_task()) {
    for (Unloading& unloading : task->unloadings) unload(std::move(unloading));
    if (task->job != nullptr) run(*task->job);
  }
}

std::optional<ModelPool::Impl::Task> ModelPool::Impl::wait_for_task() {
  std::unique_lock lock(mutex);
  for (;;) {
    if (closed) return std::nullopt;
    if (!jobs.empty()) {
      busy = true;
      return Task{{}, &jobs.front()};
    }
    Task task;
    const Clock::time_point next = take_expired(task.unloadings);
    if (!task.unloadings.empty()) return task;
    // A model that becomes idle moves the next expiry, so any change is worth another look.
    changed.wait_until(lock, next);
  }
}

// The job stays in front of the queue while it loads, so that later callers join it.
void ModelPool::Impl::run(const Job& job) {
  const size_t max_loaded = std::max<size_t>(options.max_loaded, 1);
  const Status possible = check(job);
  Result<Model> loaded = Error{};
  if (possible.ok()) {
    while (std::optional<Unloading> oldest = take_oldest(max_loaded)) unload(*std::move(oldest));
    loaded = load(job);
    while (!loaded.ok() && loaded.error().code == ErrorCode::out_of_memory) {
      std::optional<Unloading> oldest = take_oldest(1);
      if (!oldest) break;
      unload(*std::move(oldest));
      loaded = load(job);
    }
  } else {
    loaded = possible.error();
  }
  for (Answer& answer : finish(std::move(loaded))) answer.done(std::move(answer.model));
}

// The first job is done: what each that waits for it is to be told.
std::vector<ModelPool::Impl::Answer> ModelPool::Impl::finish(Result<Model> loaded) {
  const std::lock_guard lock(mutex);
  Job job = std::move(jobs.front());
  jobs.pop_front();
  busy = false;
  std::shared_ptr<OpenModel> open;
  if (loaded.ok()) {
    open = std::make_shared<OpenModel>();
    open->model = *std::move(loaded);
    open->pinned = job.pin;
    models[job.name] = open;
  }
  std::vector<Answer> answers;
  for (Callback& done : job.waiting) {
    answers.push_back({std::move(done), open ? Result<Model>(lease(open)) : loaded.error()});
  }
  return answers;
}

Status ModelPool::Impl::check(const Job& job) const {
  if (!source.check) return ok_status();
  try {
    return source.check(job.path);
  } catch (const std::exception& exception) {
    return Error{ErrorCode::internal, job.name + ": " + exception.what(), {}};
  }
}

Result<ModelPool::Model> ModelPool::Impl::load(const Job& job) const {
  const Clock::time_point start = Clock::now();
  const auto fail = [&](Error error) {
    spdlog::warn("{} could not be loaded: {}", job.name, error.message);
    return error;
  };
  try {
    Result<Model> model = source.load(job.name, job.path);
    if (!model.ok()) return fail(std::move(model).error());
    if (*model == nullptr) return fail({ErrorCode::internal, "no model came of loading it", {}});
    const std::chrono::duration<double> seconds = Clock::now() - start;
    spdlog::info("{} loaded in {:.1f} s", job.name, seconds.count());
    return model;
  } catch (const std::bad_alloc&) {
    return fail({ErrorCode::out_of_memory, job.name + ": not enough memory to load it", {}});
  } catch (const std::exception& exception) {
    return fail({ErrorCode::internal, job.name + ": " + exception.what(), {}});
  }
}

// Takes a model apart, which can take a while: never with the lock held.
void ModelPool::Impl::unload(Unloading unloading) {
  unloading.model.reset();
  spdlog::info("{} unloaded", unloading.name);
}

ModelPool::Impl::Unloading ModelPool::Impl::take(Models::iterator position) {
  Unloading taken{position->first, std::move(position->second)};
  models.erase(position);
  return taken;
}

// The longest idle, where at least so many are open.
std::optional<ModelPool::Impl::Unloading> ModelPool::Impl::take_oldest(size_t open_models) {
  const std::lock_guard lock(mutex);
  if (models.size() < open_models) return std::nullopt;
  auto oldest = models.end();
  for (auto it = models.begin(); it != models.end(); ++it) {
    if (!it->second->idle()) continue;
    if (oldest == models.end() || it->second->idle_since < oldest->second->idle_since) oldest = it;
  }
  if (oldest == models.end()) return std::nullopt;
  return take(oldest);
}

// Called with the lock held. Adds what is to be unloaded now, and returns when there will be more.
Clock::time_point ModelPool::Impl::take_expired(std::vector<Unloading>& expired) {
  std::erase_if(retired, [&](Unloading& unloading) {
    if (unloading.model->users > 0) return false;
    expired.push_back(std::move(unloading));
    return true;
  });
  const Clock::time_point now = Clock::now();
  Clock::time_point next = now + std::chrono::hours(1);
  for (auto it = models.begin(); it != models.end();) {
    const auto position = it++;
    if (!position->second->idle()) continue;
    const Clock::time_point expiry = position->second->idle_since + options.keep_alive;
    if (expiry <= now) {
      expired.push_back(take(position));
    } else {
      next = std::min(next, expiry);
    }
  }
  return next;
}

ModelPool::ModelPool(PoolOptions options, ModelSource source)
    : impl_(std::make_shared<Impl>(options, std::move(source))) {
  Impl& impl = *impl_;
  impl.thread = std::thread([&impl] { impl.work(); });
}

ModelPool::~ModelPool() {
  close();
  impl_->thread.join();
  Impl::Models open;  // taken apart without the lock
  const std::lock_guard lock(impl_->mutex);
  open.swap(impl_->models);
}

void ModelPool::close() {
  std::vector<Callback> waiting;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->closed = true;
    // The jobs stay: the first may be under way.
    for (Job& job : impl_->jobs) {
      std::move(job.waiting.begin(), job.waiting.end(), std::back_inserter(waiting));
      job.waiting.clear();
    }
  }
  impl_->changed.notify_all();
  for (const Callback& done : waiting) done(stopping());
}

void ModelPool::acquire_async(const std::string& name, Callback done) {
  impl_->acquire(name, false, std::move(done));
}

Result<ModelPool::Model> ModelPool::acquire(const std::string& name) {
  return impl_->wait_for(name, false);
}

Status ModelPool::pin(const std::string& name) {
  HELICON_TRY(impl_->wait_for(name, true));
  return ok_status();
}

std::vector<std::string> ModelPool::available() const { return impl_->source.names(); }

std::vector<std::string> ModelPool::loaded() const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<std::string> names;
  for (const auto& [name, model] : impl_->models) names.push_back(name);
  return names;
}

std::map<std::string, PageUse> ModelPool::pages() const {
  const std::lock_guard lock(impl_->mutex);
  std::map<std::string, PageUse> uses;
  for (const auto& [name, open] : impl_->models)
    if (const std::optional<PageUse> use = open->model->pages()) uses.emplace(name, *use);
  return uses;
}

bool ModelPool::loading() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->busy || !impl_->jobs.empty();
}

}  // namespace helicon::backends
