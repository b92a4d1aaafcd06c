// An error as a value: what was tried, on what, why it failed, and what the admin can do.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace catena::base {

// What a caller may have to act on. The CNI code of each kind is decided in common/cni/error_codes.
enum class ErrorKind {
  kInternal,        // anything nobody has to tell apart
  kNotFound,        // the object does not exist
  kExists,          // the object exists already
  kDiffers,         // CHECK: what is found is not what ADD made
  kBadEnvironment,  // a CNI_* variable is missing or malformed
  kUndecodable,     // not JSON, too large, or not of the expected shape
  kBadConfig,       // a configuration key is unknown, of the wrong type or has a bad value
  kIncompatible,    // a cniVersion that is not supported
  kBadNetns,        // CNI_NETNS is not a network namespace, or is our own
  kIo,              // a file or descriptor could not be read or written
  kTryAgain,        // no address, no space, lock held too long: a later try may succeed
  kNotAvailable,    // STATUS: an ADD now could not succeed
  kUnsupported,     // the kernel or this release lacks the feature; the text names it
};

// One pointer wide, so that what may fail stays cheap to return and small to compile. A moved-from
// Error may only be assigned to or destroyed.
class [[nodiscard]] Error {
 public:
  Error(ErrorKind kind, std::string message);
  Error(const Error& other);
  Error& operator=(const Error& other);
  Error(Error&&) noexcept = default;
  Error& operator=(Error&&) noexcept = default;
  ~Error() = default;

  // "`what`: <text of errno>". ENOENT, ENODEV and ESRCH are kNotFound, EEXIST is kExists,
  // ENOMEM, ENOBUFS, ENOSPC, EDQUOT and EAGAIN are kTryAgain, EIO, EROFS, EACCES and EPERM are kIo.
  static Error from_errno(int sys_errno, std::string_view what);

  // The same error, read outermost first: "`doing`: <message>".
  Error context(std::string_view doing) &&;
  // The same error with what the admin can do; replaces an earlier advice.
  Error advice(std::string_view what_to_do) &&;
  // The same error with `text` at the end of its message.
  Error append(std::string_view text) &&;
  // The same error as another kind.
  Error as(ErrorKind kind) &&;
  // The same error with the code that another system gave its failure ("Throttling.User").
  Error code(std::string_view code) &&;

  ErrorKind kind() const;
  bool is(ErrorKind kind) const { return this->kind() == kind; }
  // 0 where the error did not come from a system call.
  int sys_errno() const;
  const std::string& message() const;
  // Empty where no other system gave one.
  const std::string& code() const&;
  // Empty where there is nothing to advise.
  const std::string& advice() const;
  // Message and advice in one line, for logs.
  std::string text() const;

 private:
  struct Detail;
  struct DeleteDetail {
    void operator()(Detail* detail) const;
  };
  std::unique_ptr<Detail, DeleteDetail> detail_;
};

}  // namespace catena::base
