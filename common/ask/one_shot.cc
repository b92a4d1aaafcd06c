#include "common/ask/one_shot.h"

#include "common/base/program.h"
#include "common/base/text.h"

namespace catena::ask {
namespace {

using base::Error;
using base::ErrorKind;

constexpr const char* kAgent = "catena-agent";
constexpr std::size_t kMostSaid = 65536;  // bytes of each output

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

base::Result<std::string> find_agent(const std::vector<std::string>& cni_path) {
  std::vector<std::string> places = cni_path;
  places.insert(places.end(), {"/opt/cni/bin", "/usr/local/bin", "/usr/bin"});
  std::string program = base::find_program(places, kAgent);
  if (!program.empty()) {
    return program;
  }
  return Error(ErrorKind::kNotFound,
               std::string(kAgent) + " is in none of " + base::join(places, ", "))
      .advice("install it beside the plugins");
}

base::Result<std::string> run_agent(const std::string& program,
                                    const std::vector<std::string>& arguments,
                                    std::chrono::milliseconds patience) {
  base::Program call{.words = {program}, .patience = patience, .kept = kMostSaid};
  call.words.insert(call.words.end(), arguments.begin(), arguments.end());
  base::Ended ended = TRY(base::run_program(call));
  if (ended.status == 0) {
    return std::move(ended.out);
  }
  const std::string why = last_line(std::move(ended.err));
  return Error(ErrorKind::kTryAgain, why.empty() ? program + " " + ended.how() : why);
}

}  // namespace catena::ask
