// Our way to the API server: what every request carries, and when it is renewed.
#pragma once

#include <chrono>
#include <curl/curl.h>
#include <memory>
#include <string>

#include "common/base/result.h"
#include "common/kube/config.h"

namespace catena::kube {

struct EasyDeleter {
  void operator()(CURL* easy) const { ::curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;

struct ListDeleter {
  void operator()(curl_slist* list) const { ::curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

// Not thread-safe.
class Access {
 public:
  // kIo where a file that the configuration names can't be read.
  static base::Result<Access> create(Config config);

  const std::string& server() const { return config_.server; }

  // Everything but the request: certificates, proxy, protocols, how long to connect. Sets it anew
  // on a handle that was used before; its connections stay.
  void prepare(CURL* easy, std::chrono::milliseconds connect_timeout) const;

  // The Authorization header, its name included; empty for none. Reads the token's file where that
  // has changed; goes on with the last good token while it can't be read.
  const std::string& authorization();
  // After a 401. Whether another try makes sense at once: there is another token than the one that
  // was refused, or a certificate that may have been renewed, which only a new connection would
  // show.
  bool renew();

 private:
  explicit Access(Config config) : config_(std::move(config)) {}
  base::Status read_token();

  Config config_;
  std::string authorization_;
  std::string token_mark_;  // differs when the token's file does
};

// Adds "name: value"; false for want of memory.
bool append(HeaderList& list, const std::string& line);

}  // namespace catena::kube
