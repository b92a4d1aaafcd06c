// An API server of Kubernetes for tests: real HTTP(S) on loopback, in this process, with a memory
// for objects and the habits that clients have to live with.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/kube/config.h"
#include "tests/support/kube/certificates.h"
#include "tests/support/kube/object_store.h"

namespace httplib {
class Server;
struct Request;
struct Response;
}  // namespace httplib

namespace catena::test {

// What is done to requests instead of what they ask for.
struct Fault {
  enum class Fate {
    kAnswer,  // with `status`
    kLost,    // the connection ends without an answer
    kCut,     // it ends in the middle of the answer that was asked for
    kSlow,    // the answer that was asked for, after `delay`
  };
  Fate fate = Fate::kAnswer;
  std::string target;  // a part of path and query; empty: every request
  std::string method;  // empty: every one
  int times = 1;
  int status = 500;
  std::string reason;               // of the Status that is the body
  std::optional<std::string> text;  // the body instead of a Status
  std::optional<int> retry_after;   // seconds
  std::chrono::milliseconds delay{};
};

struct SeenRequest {
  std::string method;
  std::string target;  // path and query, as sent
  std::string content_type;
  std::string authorization;
  int port = 0;  // of the client: the same for the same connection
};

// Ends with its object, watches and all. Thread-safe.
class ApiServer {
 public:
  struct Options {
    int port = 0;  // 0: the kernel chooses
    // HTTPS with certificates made for this server; with `client_certificates` it takes nobody
    // without one.
    bool tls = false;
    bool client_certificates = false;
    std::chrono::milliseconds bookmarks{60'000};  // between two, where a watch allows them
  };
  ApiServer() : ApiServer(Options()) {}
  explicit ApiServer(const Options& options);
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;
  ApiServer(ApiServer&&) = delete;
  ApiServer& operator=(ApiServer&&) = delete;
  ~ApiServer();

  // Serves 127.0.0.1 and the same port inside another network namespace too, named by its file.
  base::Status serve_inside(const std::string& netns);

  // Negative where the wanted port was not to be had.
  int port() const { return port_; }
  std::string url() const;
  // What reaches it: its address, authority, the token that it wants, and a client certificate
  // where it wants that.
  kube::Config config() const;
  // Null without TLS.
  const Certificates* certificates() const { return certificates_.get(); }

  ObjectStore& objects() { return objects_; }

  // Only requests with it are served from now on, others get 401. Empty: all are.
  void require_token(const std::string& token);
  void fail(Fault fault);
  // Ends all watches: as an API server does at their time, as a broken connection does, with an
  // ERROR event that says Expired.
  void end_watches() { interrupt(Interruption::kEnd); }
  void drop_watches() { interrupt(Interruption::kDrop); }
  void expire_watches() { interrupt(Interruption::kExpire); }

  // How many watches are open now.
  int watches() const { return watches_; }
  std::vector<SeenRequest> requests() const;
  // How many of them had `part` in path and query.
  int count(const std::string& part) const;

 private:
  enum class Interruption { kNone, kEnd, kDrop, kExpire };
  struct Stream;

  void interrupt(Interruption interruption);
  // What it begins to serve, by a thread of its own.
  struct Door;

  std::unique_ptr<httplib::Server> make_server();
  void handle(const httplib::Request& request, httplib::Response& response);
  bool answer_fault(const httplib::Request& request, httplib::Response& response);
  std::optional<Fault> take_fault(const httplib::Request& request);
  Reply serve(const httplib::Request& request);
  void serve_watch(const httplib::Request& request, httplib::Response& response,
                   const ListQuery& query);
  Interruption interruption_of(const Stream& stream) const;
  bool feed(Stream& stream, std::string& out);

  std::chrono::milliseconds bookmarks_;
  bool client_certificates_;
  std::unique_ptr<Certificates> certificates_;
  std::vector<std::unique_ptr<Door>> doors_;
  ObjectStore objects_;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> watches_ = 0;

  mutable std::mutex mutex_;
  std::string token_;
  std::deque<Fault> faults_;
  std::vector<SeenRequest> requests_;
  Interruption interruption_ = Interruption::kNone;
  int interruptions_ = 0;  // a stream obeys those after its begin
};

}  // namespace catena::test
