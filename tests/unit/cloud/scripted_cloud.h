// A cloud that says what the test wrote down, and remembers what it was asked.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/cloud/client.h"
#include "common/cloud/credentials.h"
#include "common/cloud/http.h"
#include "tests/unit/cloud/fake_pace.h"

namespace catena::cloud {

// One answer of the script.
using Scripted = std::function<base::Result<HttpResponse>(const HttpRequest&)>;

Scripted answer(const std::string& body, int status = 200, const Headers& headers = {});
// {"RequestId": "R-1", "Code": <code>, "Message": <message>}
Scripted refuse(std::string_view code, int status = 400, const Headers& headers = {},
                std::string_view message = "said the cloud");
// Transport errors: kNotSent or kNoAnswer.
Scripted fail(std::string_view code);

class ScriptedTransport : public Transport {
 public:
  base::Result<HttpResponse> exchange(const HttpRequest& request) override;

  void then(Scripted scripted) { script_.push_back(std::move(scripted)); }
  // What is answered once the script is over.
  void always(Scripted scripted) { always_ = std::move(scripted); }
  std::size_t calls() const { return requests_.size(); }
  const HttpRequest& request(std::size_t i) const { return requests_.at(i); }
  // Decoded query parameters.
  std::map<std::string, std::string> params(std::size_t i) const;
  // Of a header or a query parameter, whichever carries it.
  std::string header(std::size_t i, std::string_view name) const;

 private:
  std::deque<Scripted> script_;
  Scripted always_;
  std::vector<HttpRequest> requests_;
};

// Gives the sets in order, one further at each reject().
class ListedCredentials : public CredentialSource {
 public:
  explicit ListedCredentials(std::vector<Credentials> sets) : sets_(std::move(sets)) {}
  base::Result<Credentials> get() override;
  void reject(const Credentials& refused) override;
  const std::vector<Credentials>& rejected() const { return rejected_; }
  // get() fails once all sets were rejected, instead of giving the last one for ever.
  void fail_at_end() { fail_at_end_ = true; }

 private:
  std::vector<Credentials> sets_;
  std::size_t at_ = 0;
  bool fail_at_end_ = false;
  std::vector<Credentials> rejected_;
};

Credentials key(std::string id, std::string secret = "top-secret", std::string token = "");

// A client, its cloud and its time.
struct Cloud {
  ScriptedTransport transport;
  FakePace pace;
  ListedCredentials credentials{{key("one"), key("two"), key("three")}};
  Client client{transport, pace, credentials, nullptr, options()};

  static ClientOptions options(Signing signing = Signing::kAcs3);
};

}  // namespace catena::cloud
