// Killing a program at, failing or delaying any one of its system calls, by strace(1).
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace catena::test {

// The `occurrence`-th call (from 1) of `name` that a program makes.
struct SystemCall {
  std::string name;
  int occurrence = 0;
};

// A wrapper that records a program's system calls to `trace_file`, and the calls it recorded.
std::vector<std::string> tracer(const std::string& trace_file);
std::vector<SystemCall> recorded_calls(const std::string& trace_file);

// A wrapper under which the program dies by SIGKILL where it would have made `call`.
std::vector<std::string> killer(const SystemCall& call);

// A wrapper under which `call` fails with `error` ("ENOSPC") and is not carried out.
std::vector<std::string> saboteur(const SystemCall& call, const std::string& error);

// A wrapper under which `call` is carried out so much later.
std::vector<std::string> delayer(const SystemCall& call, std::chrono::microseconds delay);

// The errors that a caller of this system call must be ready for; empty for calls that cannot fail
// in a way of interest.
std::vector<std::string> errors_of(const std::string& system_call);

}  // namespace catena::test
