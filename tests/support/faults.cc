#include "tests/support/faults.h"

#include <fstream>
#include <map>
#include <regex>

namespace catena::test {
namespace {

constexpr char kStrace[] = "/usr/bin/strace";
// The leak check of a sanitised build can't work under strace, and fails the program.
constexpr char kNoLeakCheck[] = "ASAN_OPTIONS=detect_leaks=0";

std::vector<std::string> injector(const SystemCall& call, const std::string& what) {
  return {kStrace, "-qq",
          "-E",    kNoLeakCheck,
          "-o",    "/dev/null",
          "-e",    "trace=" + call.name,
          "-e",    "inject=" + call.name + ":" + what + ":when=" + std::to_string(call.occurrence)};
}

}  // namespace

std::vector<std::string> tracer(const std::string& trace_file) {
  return {kStrace, "-qq", "-E", kNoLeakCheck, "-o", trace_file};
}

std::vector<SystemCall> recorded_calls(const std::string& trace_file) {
  static const std::regex call_line(R"(^([a-z_0-9]+)\(.*)");
  std::vector<SystemCall> calls;
  std::map<std::string, int> seen;
  std::ifstream lines(trace_file);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, call_line)) {
      calls.push_back({match[1], ++seen[match[1]]});
    }
  }
  return calls;
}

std::vector<std::string> killer(const SystemCall& call) { return injector(call, "signal=KILL"); }

std::vector<std::string> saboteur(const SystemCall& call, const std::string& error) {
  return injector(call, "error=" + error);
}

std::vector<std::string> delayer(const SystemCall& call, std::chrono::microseconds delay) {
  return injector(call, "delay_enter=" + std::to_string(delay.count()));
}

std::vector<std::string> errors_of(const std::string& system_call) {
  static const std::map<std::string, std::vector<std::string>> errors{
      {"openat", {"EMFILE", "EACCES"}},
      {"read", {"EIO"}},
      {"pread64", {"EIO"}},
      {"write", {"ENOSPC", "EIO"}},
      {"pwrite64", {"ENOSPC"}},
      {"fdatasync", {"EIO"}},
      {"fsync", {"EIO"}},
      {"ftruncate", {"EIO"}},
      {"fallocate", {"ENOSPC"}},
      {"rename", {"EIO"}},
      {"mkdir", {"ENOSPC"}},
      {"flock", {"ENOLCK"}},
      {"mmap", {"ENOMEM"}},
      {"socket", {"EMFILE"}},
      {"bind", {"ENOMEM"}},
      {"sendmsg", {"ENOBUFS"}},
      {"sendto", {"ENOBUFS"}},
      {"recvmsg", {"ENOMEM"}},
      {"recvfrom", {"ENOMEM"}},
      {"setns", {"EPERM"}},
      {"newfstatat", {"EIO"}},
      {"fstat", {"EIO"}},
  };
  const auto found = errors.find(system_call);
  return found == errors.end() ? std::vector<std::string>() : found->second;
}

}  // namespace catena::test
