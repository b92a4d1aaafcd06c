#include "cli/install.h"

#include <algorithm>
#include <filesystem>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/file.h"

namespace catena::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;

constexpr std::size_t kMostProgram = std::size_t{256} << 20U;  // bytes
constexpr unsigned kProgramMode = 0755;

base::Result<std::vector<std::string>> programs_in(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code failure;
  for (fs::directory_iterator at(directory, failure), end; !failure && at != end;
       at.increment(failure)) {
    const std::string name = at->path().filename();
    if ((name == "catena" || name.starts_with("catena-")) && at->is_regular_file(failure) &&
        name.find(".tmp.") == std::string::npos) {
      names.push_back(name);
    }
  }
  if (failure) {
    return Error::from_errno(failure.value(), "read " + directory);
  }
  std::ranges::sort(names);
  return names;
}

base::Result<std::string> source_directory(const Options& options) {
  if (!options.from.empty()) {
    return options.from;
  }
  std::error_code failure;
  const fs::path self = fs::read_symlink("/proc/self/exe", failure);
  if (failure) {
    return Error::from_errno(failure.value(), "find this program (/proc/self/exe)");
  }
  return self.parent_path().string();
}

bool is_executable(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && (info.st_mode & 07777U) == kProgramMode;
}

// True when it was copied, false when it was there.
base::Result<bool> copy_program(const std::string& from, const std::string& to) {
  const std::string data = TRY(base::read_file(from, kMostProgram));
  const auto old = base::read_file(to, kMostProgram);
  if (old.ok() && *old == data && is_executable(to)) {
    return false;
  }
  TRY(base::replace_file(to, data, kProgramMode));
  // replace_file's mode is less the umask.
  if (::chmod(to.c_str(), kProgramMode) != 0) {
    return Error::from_errno(errno, "chmod " + to);
  }
  return true;
}

}  // namespace

base::Result<Report> install(const Options& options) {
  const std::string from = TRY(source_directory(options));
  const std::vector<std::string> names = TRY(programs_in(from));
  if (names.empty()) {
    return Error(ErrorKind::kNotFound, "there is no program of Catena in " + from)
        .advice("--from names the folder that has them");
  }
  std::error_code failure;
  if (!fs::is_directory(options.bin_dir, failure)) {
    return Error(ErrorKind::kNotFound, "there is no directory " + options.bin_dir)
        .advice("make it, or say with --bin-dir where the runtime looks for plugins");
  }
  Report report;
  nlohmann::json json{{"installed", nlohmann::json::array()},
                      {"unchanged", nlohmann::json::array()}};
  for (const std::string& name : names) {
    std::string source = from;
    source.append("/").append(name);
    std::string target = options.bin_dir;
    target.append("/").append(name);
    const bool copied = TRY(copy_program(source, target));
    report.text.append(target).append(copied ? ": installed\n" : ": unchanged\n");
    json[copied ? "installed" : "unchanged"].push_back(name);
  }
  report.json = base::print_json(json);
  return report;
}

}  // namespace catena::cli
