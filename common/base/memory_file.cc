#include "common/base/memory_file.h"

#include <cerrno>
#include <sys/mman.h>

#include "common/base/file.h"

namespace catena::base {

Result<UniqueFd> memory_file(const char* name, std::string_view data) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd.valid()) {
    return Error::from_errno(errno, "make a file in memory");
  }
  TRY(write_all(fd.get(), data, "a file in memory"));
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) {
    return Error::from_errno(errno, "rewind a file in memory");
  }
  return fd;
}

}  // namespace catena::base
