// What libraries of a static plugin refer to and no plugin ever calls: look-ups of names of hosts
// and protocols and scanning of text (libnl's parsing and printing), other character sets
// (libstdc++'s named locales), the name of what was thrown (its last words; cni::plugin_main
// catches everything). With libc's own a plugin is a fifth larger. These fail, as libc's do where
// there is nothing to be found.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iconv.h>
#include <netdb.h>
#include <unistd.h>

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl50-cpp,cert-dcl51-cpp,cert-dcl58-cpp)
// NOLINTBEGIN(readability-identifier-naming)

namespace {

[[noreturn]] void end_with(const char* why) {
  (void)!::write(STDERR_FILENO, why, std::strlen(why));
  (void)!::write(STDERR_FILENO, "\n", 1);
  std::abort();
}

}  // namespace

namespace __gnu_cxx {
void __verbose_terminate_handler() { end_with("an exception was thrown and not caught"); }
}  // namespace __gnu_cxx

extern "C" {

int getaddrinfo(const char* /*node*/, const char* /*service*/, const addrinfo* /*hints*/,
                addrinfo** /*result*/) {
  return EAI_FAIL;
}
void freeaddrinfo(addrinfo* /*list*/) noexcept {}
int getnameinfo(const sockaddr* /*address*/, socklen_t /*size*/, char* /*host*/, socklen_t /*room*/,
                char* /*service*/, socklen_t /*service_room*/, int /*flags*/) {
  return EAI_FAIL;
}

protoent* getprotobyname(const char* /*name*/) { return nullptr; }
protoent* getprotobynumber(int /*number*/) { return nullptr; }

// As scanf(3) is called by libnl's parsing.
int __isoc99_sscanf(const char* /*text*/, const char* /*format*/, ...) { return EOF; }
int __isoc99_fscanf(FILE* /*file*/, const char* /*format*/, ...) { return EOF; }

iconv_t iconv_open(const char* /*to*/, const char* /*from*/) {
  errno = EINVAL;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): iconv_open(3) says so
  return reinterpret_cast<iconv_t>(-1);
}
std::size_t iconv(iconv_t /*from*/, char** /*in*/, std::size_t* /*in_left*/, char** /*out*/,
                  std::size_t* /*out_left*/) {
  errno = EBADF;
  return static_cast<std::size_t>(-1);
}
int iconv_close(iconv_t /*set*/) { return 0; }

void __assert_fail(const char* assertion, const char* /*file*/, unsigned /*line*/,
                   const char* /*function*/) noexcept {
  end_with(assertion);
}
}

// NOLINTEND(readability-identifier-naming)
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl50-cpp,cert-dcl51-cpp,cert-dcl58-cpp)
