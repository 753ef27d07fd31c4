// Ctrl-C as a call instead of the end of the process, for as long as an object of this lives.
#pragma once

#include <semaphore.h>
#include <signal.h>

#include <atomic>
#include <functional>
#include <thread>

namespace helicon::apps {

class OnInterrupt {
 public:
  // `action` runs on a thread of its own, once for each SIGINT. One object at a time.
  explicit OnInterrupt(std::function<void()> action);
  ~OnInterrupt();
  OnInterrupt(const OnInterrupt&) = delete;
  OnInterrupt& operator=(const OnInterrupt&) = delete;

 private:
  // A signal handler may do next to nothing, but it may post a semaphore.
  sem_t semaphore_;
  std::atomic<bool> ending_ = false;
  struct sigaction before_ = {};
  std::thread thread_;
};

}  // namespace helicon::apps
