#include "interrupt.h"

#include <cerrno>

namespace helicon::apps {
namespace {

std::atomic<sem_t*> active_semaphore = nullptr;
static_assert(std::atomic<sem_t*>::is_always_lock_free, "a signal handler reads it");

void post(int) {
  const int error = errno;
  if (sem_t* semaphore = active_semaphore.load()) ::sem_post(semaphore);
  errno = error;
}

}  // namespace

OnInterrupt::OnInterrupt(std::function<void()> action) {
  ::sem_init(&semaphore_, 0, 0);
  active_semaphore = &semaphore_;
  thread_ = std::thread([this, act = std::move(action)] {
    while (true) {
      while (::sem_wait(&semaphore_) != 0) {
      }
      if (ending_) return;
      act();
    }
  });
  struct sigaction action_now = {};
  action_now.sa_handler = post;
  action_now.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action_now, &before_);
}

OnInterrupt::~OnInterrupt() {
  ::sigaction(SIGINT, &before_, nullptr);
  active_semaphore = nullptr;
  ending_ = true;
  ::sem_post(&semaphore_);
  thread_.join();
  ::sem_destroy(&semaphore_);
}

}  // namespace helicon::apps
