// Running what agents write: the interface that a sandbox stands behind.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"

namespace helicon::agents {

struct ProgramOutput {
  bool ran = false;    // without an error, though perhaps not to its end: it may have left early
  std::string output;  // some kilobytes of its beginning and, above all, its end
  std::string errors;
};

// Runs Python 3 programs of any origin where they can do no harm. Safe to use from many threads.
class ProgramRunner {
 public:
  virtual ~ProgramRunner() = default;
  virtual Result<ProgramOutput> run(std::string_view program, std::chrono::milliseconds limit,
                                    std::stop_token stop) const = 0;
};

}  // namespace helicon::agents
