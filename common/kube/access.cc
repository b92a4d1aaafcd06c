#include "common/kube/access.h"

#include <algorithm>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <utility>

#include "common/base/file.h"
#include "common/base/text.h"

namespace catena::kube {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;

constexpr std::size_t kMostToken = std::size_t{64} << 10U;  // bytes
// A watch is silent for minutes: only the kernel can tell that the other side is gone.
constexpr long kKeepIdleSeconds = 30;
constexpr long kKeepIntervalSeconds = 10;
constexpr int kKeepProbes = 3;
// Bytes that nobody acknowledges for as long (TCP_USER_TIMEOUT).
constexpr int kUnacknowledgedMs = 30'000;

int set_up_socket(void* /*data*/, curl_socket_t socket, curlsocktype /*purpose*/) {
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &kKeepProbes, sizeof kKeepProbes);
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnacknowledgedMs, sizeof kUnacknowledgedMs);
  return CURL_SOCKOPT_OK;
}

// Empty where the file is missing.
std::string mark_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return {};
  }
  return std::to_string(status.st_ino) + "/" + std::to_string(status.st_size) + "/" +
         std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

// libcurl copies the text.
void set_blob(CURL* easy, CURLoption option, const std::string& text) {
  // Not const in curl_blob; with CURL_BLOB_COPY libcurl only reads it.
  curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_COPY};  // NOLINT
  ::curl_easy_setopt(easy, option, &blob);
}

struct PemOptions {
  CURLoption file;
  CURLoption text;
};

void set_pem(CURL* easy, const Pem& pem, PemOptions options) {
  if (!pem.text.empty()) {
    set_blob(easy, options.text, pem.text);
  } else if (!pem.file.empty()) {
    ::curl_easy_setopt(easy, options.file, pem.file.c_str());
  }
}

Status check_readable(const Pem& pem) {
  if (!pem.file.empty()) {
    TRY(base::open_file(pem.file, 0));
  }
  return {};
}

}  // namespace

bool append(HeaderList& list, const std::string& line) {
  curl_slist* longer = ::curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) {
    return false;
  }
  [[maybe_unused]] curl_slist* same = list.release();
  list.reset(longer);
  return true;
}

Result<Access> Access::create(Config config) {
  static const CURLcode started = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) {
    return Error(ErrorKind::kInternal, "libcurl does not start");
  }
  for (const Pem* pem : {&config.authority, &config.certificate, &config.key}) {
    TRY(check_readable(*pem));
  }
  Access access(std::move(config));
  if (!access.config_.token.empty()) {
    if (!is_token(access.config_.token)) {
      return Error(ErrorKind::kBadConfig, "the token holds what no token may hold");
    }
    access.authorization_ = "Authorization: Bearer " + access.config_.token;
  }
  if (!access.config_.token_file.empty()) {
    TRY(access.read_token());
  }
  return access;
}

Status Access::read_token() {
  // The mark before the text: a change in between is seen at the next look.
  std::string mark = mark_of(config_.token_file);
  const std::string text = TRY(base::read_file(config_.token_file, kMostToken));
  const std::string_view token = base::trim(text);
  if (!is_token(token)) {
    return Error(ErrorKind::kUndecodable, "no token in " + config_.token_file);
  }
  authorization_ = "Authorization: Bearer " + std::string(token);
  token_mark_ = std::move(mark);
  return {};
}

const std::string& Access::authorization() {
  if (!config_.token_file.empty() && mark_of(config_.token_file) != token_mark_) {
    // While kubelet swaps it the file may be missing: the server will say whether ours still
    // serves.
    [[maybe_unused]] const Status read = read_token();
  }
  return authorization_;
}

bool Access::renew() {
  if (!config_.certificate.file.empty()) {
    return true;
  }
  const std::string refused = authorization_;
  token_mark_.clear();
  return authorization() != refused;
}

void Access::prepare(CURL* easy, std::chrono::milliseconds connect_timeout) const {
  ::curl_easy_reset(easy);
  ::curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  // One request a connection at a time: a watch must not share its fate with others.
  ::curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  ::curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  ::curl_easy_setopt(easy, CURLOPT_USERAGENT, "Catena");
  ::curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_timeout.count()));
  ::curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  ::curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, kKeepIdleSeconds);
  ::curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, kKeepIntervalSeconds);
  ::curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, set_up_socket);
  if (!config_.proxy.empty()) {
    ::curl_easy_setopt(easy, CURLOPT_PROXY, config_.proxy.c_str());
  }
  if (config_.insecure) {
    ::curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    ::curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!config_.authority.empty()) {
    // libcurl would trust the machine's directory of authorities beside what we name.
    ::curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    set_pem(easy, config_.authority, {CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB});
  }
  set_pem(easy, config_.certificate, {CURLOPT_SSLCERT, CURLOPT_SSLCERT_BLOB});
  set_pem(easy, config_.key, {CURLOPT_SSLKEY, CURLOPT_SSLKEY_BLOB});
}

}  // namespace catena::kube
