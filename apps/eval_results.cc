#include "eval_results.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>

#include "base/json_members.h"

namespace helicon::apps {
namespace {

namespace json = boost::json;

constexpr const char* kKind = "helicon eval 1";

double number_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (!value || !value->is_number()) return 0;
  return value->to_number<double>();
}
bool true_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_bool() && value->as_bool();
}

json::object quantiles(const std::vector<double>& values) {
  return {{"median", quantile(values, 0.5)}, {"p95", quantile(values, 0.95)}};
}

// "seed is 1 there and 2 here, mode is ..."; empty where they are the same.
std::string difference(const json::object& there, const json::object& here) {
  std::string text;
  const auto tell = [&](const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value ? json::serialize(*value) : std::string("not set");
  };
  std::set<std::string> keys;
  for (const auto* object : {&there, &here})
    for (const auto& entry : *object) keys.emplace(entry.key());
  for (const std::string& key : keys)
    if (tell(there, key) != tell(here, key))
      text += fmt::format("{}{} is {} there and {} here", text.empty() ? "" : ", ", key,
                          tell(there, key), tell(here, key));
  return text;
}

json::array as_json(const Interval& interval) { return {interval.low, interval.high}; }

}  // namespace

Result<std::unique_ptr<EvalResults>> EvalResults::read(const std::filesystem::path& path) {
  std::unique_ptr<EvalResults> results(new EvalResults);
  results->path_ = path;
  HELICON_TRY(results->load());
  if (results->head_.empty())
    return Error{ErrorCode::corrupt, fmt::format("{}: holds no evaluation", path.string()), {}};
  return results;
}

// All whole lines of the file; a last one that was cut off is no problem solved.
Status EvalResults::load() {
  std::ifstream file(path_);
  if (!file)
    return Error{ErrorCode::not_found, fmt::format("{}: cannot be read", path_.string()), {}};
  std::string line;
  for (size_t number = 1; std::getline(file, line) && !file.eof(); ++number)
    HELICON_TRY(take_line(line, number));
  return ok_status();
}

Status EvalResults::take_line(const std::string& line, size_t number) {
  boost::system::error_code failure;
  json::value value = json::parse(line, failure);
  const json::object* object = failure ? nullptr : value.if_object();
  const json::value* kind = object ? object->if_contains("kind") : nullptr;
  const bool is_head = number == 1;
  if (!object || (is_head && (!kind || *kind != kKind)))
    return Error{ErrorCode::corrupt,
                 fmt::format("{}: line {} is none of an evaluation's", path_.string(), number),
                 {}};
  if (is_head) {
    head_ = *object;
    return ok_status();
  }
  Solved solved;
  solved.id = string_in(object, "id");
  solved.correct = true_of(*object, "correct");
  solved.tokens = static_cast<int>(number_of(*object, "tokens"));
  solved.seconds = number_of(*object, "seconds");
  solved.first_round = number_of(*object, "rounds") <= 1;
  solved.correct_samples = static_cast<int>(number_of(*object, "correct_samples"));
  if (ids_.insert(solved.id).second) solved_.push_back(std::move(solved));
  return ok_status();
}

Result<std::unique_ptr<EvalResults>> EvalResults::open(const std::filesystem::path& path,
                                                       const json::object& head) {
  std::unique_ptr<EvalResults> results(new EvalResults);
  results->path_ = path;
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::absolute(path).parent_path(), error);
  results->file_ = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!results->file_.open()) return results->system_error();
  if (flock(results->file_.value(), LOCK_EX | LOCK_NB) != 0)
    return Error{ErrorCode::overloaded,
                 fmt::format("{}: another evaluation writes to it", path.string()), "results"};
  HELICON_TRY(results->load());
  json::object wanted{{"kind", kKind}};
  for (const auto& [key, value] : head) wanted[key] = value;
  if (results->head_.empty()) {
    if (ftruncate(results->file_.value(), 0) != 0) return results->system_error();
    results->head_ = wanted;
    HELICON_TRY(results->append(wanted));
    return results;
  }
  if (const std::string fields = difference(results->head_, wanted); !fields.empty())
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{}: is of another run: {}", path.string(), fields), "results"};
  // Without what was cut off, so that the next line begins a line.
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  if (ftruncate(results->file_.value(), static_cast<off_t>(text.rfind('\n') + 1)) != 0)
    return results->system_error();
  return results;
}

Error EvalResults::system_error() const {
  return Error{errno == ENOSPC || errno == EDQUOT ? ErrorCode::no_space : ErrorCode::io,
               fmt::format("{}: {}", path_.string(), std::strerror(errno)), "results"};
}

Status EvalResults::append(const json::object& line) {
  const std::string text = json::serialize(line) + "\n";
  // Half a line, where the disk is full, is dropped by the next open().
  for (size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(file_.value(), text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error();
    done += static_cast<size_t>(written);
  }
  return ok_status();
}

bool EvalResults::has(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return ids_.contains(id);
}

std::vector<Solved> EvalResults::solved() const {
  const std::lock_guard lock(mutex_);
  return solved_;
}

Status EvalResults::add(const Solved& solved, json::object details) {
  json::object line{{"id", solved.id},
                    {"correct", solved.correct},
                    {"tokens", solved.tokens},
                    {"seconds", solved.seconds},
                    {"rounds", solved.first_round ? 1 : 2}};
  if (solved.correct_samples > 0) line["correct_samples"] = solved.correct_samples;
  for (auto& [key, value] : details) line[key] = std::move(value);
  const std::lock_guard lock(mutex_);
  HELICON_TRY(append(line));
  ids_.insert(solved.id);
  solved_.push_back(solved);
  return ok_status();
}

json::object summary_of(const EvalResults& results, const std::set<std::string>* among) {
  std::vector<Solved> solved = results.solved();
  if (among) std::erase_if(solved, [&](const Solved& one) { return !among->contains(one.id); });
  size_t correct = 0, first_round = 0, any = 0;
  double samples = 0;
  std::vector<double> tokens, seconds, seconds_of_one, seconds_of_more;
  for (const Solved& one : solved) {
    correct += one.correct;
    first_round += one.first_round;
    any += one.correct_samples > 0;
    samples += one.correct_samples;
    tokens.push_back(one.tokens);
    seconds.push_back(one.seconds);
    (one.first_round ? seconds_of_one : seconds_of_more).push_back(one.seconds);
  }
  json::object summary = results.head();
  summary.erase("kind");
  summary["problems"] = solved.size();
  summary["correct"] = correct;
  summary["accuracy"] =
      solved.empty() ? 0 : static_cast<double>(correct) / static_cast<double>(solved.size());
  summary["accuracy_interval"] = as_json(wilson(correct, solved.size()));
  summary["tokens"] = quantiles(tokens);
  double sum = 0;
  for (const double one : tokens) sum += one;
  summary["tokens"].get_object()["mean"] =
      tokens.empty() ? 0 : sum / static_cast<double>(tokens.size());
  summary["seconds"] = quantiles(seconds);
  if (const double each = number_of(summary, "samples"); each > 0 && !solved.empty()) {
    summary["accuracy_of_one"] = samples / each / static_cast<double>(solved.size());
    summary["any_correct"] = any;
    summary["any_interval"] = as_json(wilson(any, solved.size()));
  }
  if (first_round < solved.size()) {
    summary["one_round"] = first_round;
    summary["seconds_of_one_round"] = quantiles(seconds_of_one);
    summary["seconds_of_more_rounds"] = quantiles(seconds_of_more);
  }
  return summary;
}

std::string table_of(const json::object& summary) {
  const json::array& interval = summary.at("accuracy_interval").as_array();
  const auto figure = [&](const char* what, const char* which) {
    return number_of(summary.at(what).as_object(), which);
  };
  std::string text = fmt::format(
      "{} of {} right: {:.1f} % (95 %: {:.1f} to {:.1f})\n"
      "tokens a problem: median {:.0f}, p95 {:.0f}, mean {:.0f}\n"
      "seconds a problem: median {:.2f}, p95 {:.2f}\n",
      summary.at("correct").to_number<size_t>(), summary.at("problems").to_number<size_t>(),
      100 * number_of(summary, "accuracy"), 100 * interval[0].to_number<double>(),
      100 * interval[1].to_number<double>(), figure("tokens", "median"), figure("tokens", "p95"),
      figure("tokens", "mean"), figure("seconds", "median"), figure("seconds", "p95"));
  if (summary.contains("any_correct"))
    text += fmt::format(
        "that is the vote of {} answers; one alone: {:.1f} % right; at least one right: {} of {}\n",
        summary.at("samples").to_number<int>(), 100 * number_of(summary, "accuracy_of_one"),
        summary.at("any_correct").to_number<size_t>(), summary.at("problems").to_number<size_t>());
  if (summary.contains("one_round") && summary.at("one_round").to_number<size_t>() > 0)
    text += fmt::format("one round was enough for {}: median {:.2f} s; otherwise {:.2f} s\n",
                        summary.at("one_round").to_number<size_t>(),
                        figure("seconds_of_one_round", "median"),
                        figure("seconds_of_more_rounds", "median"));
  return text;
}

Result<json::object> compare(const EvalResults& first, const EvalResults& second) {
  for (const char* field : {"task", "data"}) {
    const json::value* one = first.head().if_contains(field);
    const json::value* other = second.head().if_contains(field);
    if (!one || !other || *one != *other)
      return Error{ErrorCode::invalid_argument,
                   fmt::format("--compare: the files are of different problems ({})", field),
                   "compare"};
  }
  std::map<std::string, bool> known;
  for (const Solved& one : first.solved()) known[one.id] = one.correct;
  Pairs pairs;
  for (const Solved& one : second.solved()) {
    const auto other = known.find(one.id);
    if (other == known.end()) continue;
    size_t& count = other->second ? (one.correct ? pairs.both : pairs.only_first)
                                  : (one.correct ? pairs.only_second : pairs.neither);
    ++count;
  }
  if (pairs.all() == 0)
    return Error{ErrorCode::invalid_argument, "--compare: no problem is in both files", "compare"};
  return json::object{{"problems", pairs.all()},
                      {"both", pairs.both},
                      {"only_first", pairs.only_first},
                      {"only_second", pairs.only_second},
                      {"neither", pairs.neither},
                      {"first", summary_of(first)},
                      {"second", summary_of(second)},
                      {"difference", pairs.difference()},
                      {"difference_interval", as_json(interval_of(pairs))},
                      {"mcnemar_p", mcnemar(pairs)}};
}

std::string comparison_table(const json::object& comparison) {
  const auto count = [&](const char* name) { return comparison.at(name).to_number<size_t>(); };
  const json::array& interval = comparison.at("difference_interval").as_array();
  return fmt::format(
      "{} problems that both tried: both right {}, only the first {}, only the second {}, neither "
      "{}\nsecond minus first: {:+.1f} points (95 %: {:+.1f} to {:+.1f}); McNemar's exact p = "
      "{:.4g}\n",
      count("problems"), count("both"), count("only_first"), count("only_second"), count("neither"),
      100 * number_of(comparison, "difference"), 100 * interval[0].to_number<double>(),
      100 * interval[1].to_number<double>(), number_of(comparison, "mcnemar_p"));
}

}  // namespace helicon::apps
