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

  Impl(PoolOptions pool_options, ModelSource model_source)
      : options(pool_options), source(std::move(model_source)) {}

  void acquire(const std::string& name, bool pin, Callback done);
  Result<Model> wait_for(const std::string& name, bool pin);
  Model lease(const std::shared_ptr<OpenModel>& open);
  void work();
  void run(Job& job, std::unique_lock<std::mutex>& lock);
  Status check(const Job& job) const;
  Result<Model> load(const Job& job) const;
  bool unload_oldest(std::unique_lock<std::mutex>& lock);
  Clock::time_point unload_expired(std::unique_lock<std::mutex>& lock);
  void unload(Models::iterator position, std::unique_lock<std::mutex>& lock);

  const PoolOptions options;
  const ModelSource source;
  mutable std::mutex mutex;
  std::condition_variable changed;
  Models models;                                    // guarded by mutex, as are the next four
  std::vector<std::shared_ptr<OpenModel>> retired;  // not healthy: unloaded after their last user
  std::deque<Job> jobs;                             // the first is being loaded while `busy`
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
      retired.push_back(std::move(found->second));
      models.erase(found);
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
  std::unique_lock lock(mutex);
  while (!closed) {
    if (!jobs.empty()) {
      run(jobs.front(), lock);
      continue;
    }
    const Clock::time_point next = unload_expired(lock);
    // A model that becomes idle moves the next expiry, so any change is worth another look.
    if (jobs.empty() && !closed) changed.wait_until(lock, next);
  }
}

// The job stays in front of the queue while it loads, so that later callers join it.
void ModelPool::Impl::run(Job& job, std::unique_lock<std::mutex>& lock) {
  busy = true;
  lock.unlock();
  const Status possible = check(job);
  lock.lock();
  while (possible.ok() && models.size() >= std::max<size_t>(options.max_loaded, 1) &&
         unload_oldest(lock)) {
  }
  Result<Model> loaded = Error{};
  do {
    lock.unlock();
    loaded = possible.ok() ? load(job) : Result<Model>(possible.error());
    lock.lock();
  } while (!loaded.ok() && loaded.error().code == ErrorCode::out_of_memory && unload_oldest(lock));

  const Job finished = std::move(job);
  jobs.pop_front();
  busy = false;
  std::vector<Result<Model>> answers(finished.waiting.size(), Error{});
  if (loaded.ok()) {
    auto open = std::make_shared<OpenModel>();
    open->model = *std::move(loaded);
    open->pinned = finished.pin;
    for (Result<Model>& answer : answers) answer = lease(open);
    models[finished.name] = std::move(open);
  } else {
    for (Result<Model>& answer : answers) answer = loaded.error();
  }
  lock.unlock();
  for (size_t i = 0; i < answers.size(); ++i) finished.waiting[i](std::move(answers[i]));
  lock.lock();
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

// Gives the lock up while the model is taken apart, which can take a while.
void ModelPool::Impl::unload(Models::iterator position, std::unique_lock<std::mutex>& lock) {
  const std::string name = position->first;
  std::shared_ptr<OpenModel> open = std::move(position->second);
  models.erase(position);
  lock.unlock();
  open.reset();
  spdlog::info("{} unloaded", name);
  lock.lock();
}

bool ModelPool::Impl::unload_oldest(std::unique_lock<std::mutex>& lock) {
  auto oldest = models.end();
  for (auto it = models.begin(); it != models.end(); ++it) {
    const OpenModel& open = *it->second;
    if (open.users > 0 || open.pinned) continue;
    if (oldest == models.end() || open.idle_since < oldest->second->idle_since) oldest = it;
  }
  if (oldest == models.end()) return false;
  unload(oldest, lock);
  return true;
}

// Returns when the next one will have expired.
Clock::time_point ModelPool::Impl::unload_expired(std::unique_lock<std::mutex>& lock) {
  const auto unused = [](const std::shared_ptr<OpenModel>& open) { return open->users == 0; };
  for (auto it = retired.begin();
       (it = std::find_if(retired.begin(), retired.end(), unused)) != retired.end();) {
    std::shared_ptr<OpenModel> open = std::move(*it);
    retired.erase(it);
    lock.unlock();
    open.reset();
    lock.lock();
  }
  for (;;) {
    Clock::time_point next = Clock::now() + std::chrono::hours(1);
    auto expired = models.end();
    for (auto it = models.begin(); it != models.end(); ++it) {
      const OpenModel& open = *it->second;
      if (open.users > 0 || open.pinned) continue;
      const Clock::time_point expiry = open.idle_since + options.keep_alive;
      if (expiry <= Clock::now()) expired = it;
      next = std::min(next, expiry);
    }
    if (expired == models.end()) return next;
    unload(expired, lock);
  }
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
