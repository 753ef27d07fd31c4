#include "base/cgroup.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace helicon {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

bool contains(const std::vector<std::string>& list, std::string_view wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

struct Hierarchy {
  fs::path group_at_mount;  // the group that is seen at the mount point: not "/" in a container
  fs::path mount_point;
  bool version_2;
};

// A line of /proc/self/mountinfo (man 5 proc): id, parent, device, root, mount point, options, any
// number of fields, "-", type, source, options of the file system.
std::optional<Hierarchy> hierarchy_of(const std::string& line, std::string_view controller) {
  const std::vector<std::string> fields = split(line, ' ');
  const auto dash = std::find(fields.begin(), fields.end(), "-");
  if (dash - fields.begin() < 6 || fields.end() - dash < 4) return std::nullopt;
  const bool version_2 = dash[1] == "cgroup2";
  const bool version_1 = dash[1] == "cgroup" && contains(split(dash[3], ','), controller);
  if (!version_2 && !version_1) return std::nullopt;
  return Hierarchy{fields[3], fields[4], version_2};
}

// The group of this process in that hierarchy. A line of /proc/self/cgroup is
// number:controllers:path, with no controllers for v2.
std::optional<fs::path> own_group(const fs::path& root, bool version_2,
                                  std::string_view controller) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (version_2 ? controllers.empty() : contains(split(controllers, ','), controller)) {
      return fs::path(line.substr(second + 1));
    }
  }
  return std::nullopt;
}

// Where `group` lies below the mount point. A group outside what is mounted (its path then begins
// with "/..", or with another root) can only be seen at the mount point itself.
fs::path below_mount(const fs::path& group, const Hierarchy& hierarchy) {
  const fs::path relative = group.lexically_relative(hierarchy.group_at_mount);
  const bool outside = relative.empty() || relative == "." || *relative.begin() == "..";
  return outside ? fs::path() : relative;
}

}  // namespace

std::vector<ControlGroup> control_groups(std::string_view controller, const fs::path& root) {
  std::vector<ControlGroup> groups;
  std::ifstream mounts(root / "proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const auto hierarchy = hierarchy_of(line, controller);
    if (!hierarchy) continue;
    const auto group = own_group(root, hierarchy->version_2, controller);
    if (!group) continue;
    const fs::path mount = root / hierarchy->mount_point.relative_path();
    for (fs::path path = below_mount(*group, *hierarchy);; path = path.parent_path()) {
      groups.push_back({path.empty() ? mount : mount / path, hierarchy->version_2});
      if (path.empty()) break;
    }
  }
  return groups;
}

}  // namespace helicon
