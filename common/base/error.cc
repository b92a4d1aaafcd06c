#include "common/base/error.h"

#include <cerrno>
#include <cstring>

namespace catena::base {
namespace {

ErrorKind kind_of_errno(int sys_errno) {
  switch (sys_errno) {
    case ENOENT:
    case ENODEV:
    case ESRCH:
      return ErrorKind::kNotFound;
    case EEXIST:
      return ErrorKind::kExists;
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC:
    case EDQUOT:
    case EAGAIN:
      return ErrorKind::kTryAgain;
    case EIO:
    case EROFS:
    case EACCES:
    case EPERM:
      return ErrorKind::kIo;
    default:
      return ErrorKind::kInternal;
  }
}

}  // namespace

struct Error::Detail {
  ErrorKind kind;
  int sys_errno = 0;
  std::string message;
  std::string advice;
  std::string code;
};

void Error::DeleteDetail::operator()(Detail* detail) const { delete detail; }

Error::Error(ErrorKind kind, std::string message)
    : detail_(new Detail{.kind = kind, .message = std::move(message)}) {}

Error::Error(const Error& other) : detail_(new Detail(*other.detail_)) {}

Error& Error::operator=(const Error& other) {
  if (this != &other) {
    detail_.reset(new Detail(*other.detail_));
  }
  return *this;
}

Error Error::from_errno(int sys_errno, std::string_view what) {
  Error error(kind_of_errno(sys_errno), std::string(what) + ": " + ::strerror(sys_errno));
  error.detail_->sys_errno = sys_errno;
  return error;
}

Error Error::context(std::string_view doing) && {
  detail_->message = std::string(doing) + ": " + detail_->message;
  return std::move(*this);
}

Error Error::advice(std::string_view what_to_do) && {
  detail_->advice = what_to_do;
  return std::move(*this);
}

Error Error::append(std::string_view text) && {
  detail_->message += text;
  return std::move(*this);
}

Error Error::as(ErrorKind kind) && {
  detail_->kind = kind;
  return std::move(*this);
}

Error Error::code(std::string_view code) && {
  detail_->code = code;
  return std::move(*this);
}

ErrorKind Error::kind() const { return detail_->kind; }

int Error::sys_errno() const { return detail_->sys_errno; }

const std::string& Error::message() const { return detail_->message; }

const std::string& Error::code() const& { return detail_->code; }

const std::string& Error::advice() const { return detail_->advice; }

std::string Error::text() const {
  return advice().empty() ? message() : message() + "; " + advice();
}

}  // namespace catena::base
