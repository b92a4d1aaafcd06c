#include "xtables/apart.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/unique_fd.h"

namespace catena::xtables {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

constexpr std::size_t kMostAnswer = std::size_t{64} << 20U;  // bytes
constexpr char kGood = '+';
constexpr char kBad = '-';

// Of the child, to its parent; -1 in the parent.
int answer_fd = -1;

// '+' and the text, or '-', the error's kind and errno as a byte each, its message, NUL, its
// advice.
std::string packed(const Result<std::string>& result) {
  if (result.ok()) {
    return kGood + *result;
  }
  const Error& error = result.error();
  std::string text(1, kBad);
  text += static_cast<char>(error.kind());
  text += static_cast<char>(error.sys_errno() & 0xFF);
  text += error.message();
  text += '\0';
  return text + error.advice();
}

Result<std::string> unpacked(const std::string& answer) {
  if (answer.front() == kGood) {
    return answer.substr(1);
  }
  const std::size_t end = answer.find('\0', 3);
  const std::string message = answer.substr(3, end - 3);
  const int sys_errno = static_cast<unsigned char>(answer[2]);
  // Only that it may be tried again is told by the errno.
  Error error = sys_errno == EAGAIN ? Error::from_errno(EAGAIN, message)
                                    : Error(static_cast<ErrorKind>(answer[1]), message);
  const std::string advice = end == std::string::npos ? "" : answer.substr(end + 1);
  return advice.empty() ? std::move(error) : std::move(error).advice(advice);
}

[[noreturn]] void say_and_end(const Result<std::string>& result) {
  const base::Status said = base::write_all(answer_fd, packed(result), "answer");
  ::_exit(said.ok() ? 0 : 1);
}

Result<int> wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return Error::from_errno(errno, "wait for a process of this program");
    }
  }
  return status;
}

}  // namespace

void end_apart(const std::string& message) {
  say_and_end(Error(ErrorKind::kInternal, message + " (libxtables)"));
}

Result<std::string> apart(const std::string& what,
                          const std::function<Result<std::string>()>& work) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return Error::from_errno(errno, what + ": make a pipe");
  }
  const base::UniqueFd from_child(ends[0]);
  base::UniqueFd to_parent(ends[1]);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) {
    return Error::from_errno(errno, what + ": start a process");
  }
  if (child == 0) {
    answer_fd = to_parent.get();
    say_and_end(work());
  }
  to_parent.reset();
  const Result<std::string> answer = base::read_all(from_child.get(), kMostAnswer, what);
  const int status = TRY(wait_for(child).context(what));
  if (!answer.ok()) {
    return answer.error();
  }
  if (answer->empty() || (answer->front() == kBad && answer->size() < 3)) {
    return Error(ErrorKind::kInternal,
                 what + ": its process ended " +
                     (WIFSIGNALED(status) ? "by signal " + std::to_string(WTERMSIG(status))
                                          : "with status " + std::to_string(WEXITSTATUS(status))));
  }
  return unpacked(*answer);
}

}  // namespace catena::xtables
