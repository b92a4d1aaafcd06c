// HTTP over libcurl.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "common/cloud/http.h"

namespace catena::cloud {

struct CurlOptions {
  // URL of a proxy; empty: as http_proxy, https_proxy, all_proxy and no_proxy say.
  std::string proxy;
  // What certificates are checked against. Both empty: /etc/ssl/certs where that is a directory of
  // hashed names, read one by one (a whole bundle costs 17 ms a process), else libcurl's own.
  std::string ca_file;
  std::string ca_path;
  std::chrono::milliseconds connect_timeout{5'000};
  std::size_t most_body = std::size_t{8} << 20U;  // bytes; a longer answer is an error
};

// SSL_CERT_FILE and SSL_CERT_DIR as OpenSSL knows them; libcurl reads the proxy's variables itself.
CurlOptions curl_options_from_environment();

// Connections are kept and used again. Follows no redirect, speaks http and https alone, sends a
// request at most once (libcurl's own repetition on a kept connection is refused). Thread-safe.
std::unique_ptr<Transport> make_curl_transport(CurlOptions options = {});

}  // namespace catena::cloud
