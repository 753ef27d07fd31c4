// What a run of an evaluation has found: one line of JSON a problem, in a file that grows, so that
// a run can be stopped and taken up again.
#pragma once

#include <boost/json.hpp>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "eval_statistics.h"

namespace helicon::apps {

struct Solved {
  std::string id;
  bool correct = false;
  int tokens = 0;  // that the model wrote, reasoning and all agents included
  double seconds = 0;
  bool first_round = true;  // of several agents: whether one was enough
  int correct_samples = 0;  // of several answers, of which most decide
};

// The first line says what is measured; the others are problems. Safe to use from many threads.
class EvalResults {
 public:
  // Opens or creates, for this alone until it goes. Errors: invalid_argument where the file is of
  // another run (another first line; names the fields), overloaded where somebody else has it open,
  // corrupt, io. A last line that was cut off is dropped.
  static Result<std::unique_ptr<EvalResults>> open(const std::filesystem::path& path,
                                                   const boost::json::object& head);
  // The same without writing, whatever the first line says.
  static Result<std::unique_ptr<EvalResults>> read(const std::filesystem::path& path);

  bool has(const std::string& id) const;
  std::vector<Solved> solved() const;
  Status add(const Solved& solved, boost::json::object details);
  const boost::json::object& head() const { return head_; }

 private:
  EvalResults() = default;
  Status take_line(const std::string& line, size_t number);
  Status load();
  Error system_error() const;
  Status append(const boost::json::object& line);

  std::filesystem::path path_;
  Descriptor file_;  // open and locked where this was opened, none where it was read
  boost::json::object head_;
  mutable std::mutex mutex_;
  std::vector<Solved> solved_;
  std::set<std::string> ids_;
};

// Accuracy with its interval, tokens and seconds a problem; of those problems, or of all.
boost::json::object summary_of(const EvalResults& results,
                               const std::set<std::string>* among = nullptr);
// The same as a table for people.
std::string table_of(const boost::json::object& summary);

// Both runs on the problems that both have tried, and the summary of each. Error: invalid_argument
// where they are of different tasks or data, or have no problem in common.
Result<boost::json::object> compare(const EvalResults& first, const EvalResults& second);
std::string comparison_table(const boost::json::object& comparison);

}  // namespace helicon::apps
