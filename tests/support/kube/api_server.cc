#include "tests/support/kube/api_server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <future>
#include <httplib.h>
#include <sched.h>
#include <sys/socket.h>
#include <thread>
#include <utility>

#include "common/base/fields.h"
#include "common/base/file.h"
#include "common/base/unique_fd.h"
#include "tests/support/kube/api_request.h"
#include "tests/support/kube/http_answer.h"

namespace catena::test {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t kThreads = 32;  // requests and watches at once
constexpr std::size_t kMostBody = std::size_t{8} << 20U;

int port_in(const sockaddr_in& address) { return ntohs(address.sin_port); }

// Breaks this process's connections with that end and that other end, 0 for any: httplib does not
// give its sockets away.
void break_connections(int own_port, int their_port) {
  DIR* directory = ::opendir("/proc/self/fd");
  while (const dirent* entry = directory == nullptr ? nullptr : ::readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    sockaddr_in own{};
    sockaddr_in theirs{};
    socklen_t size = sizeof own;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) != 0) {
      continue;
    }
    size = sizeof theirs;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&theirs), &size) == 0 &&
        port_in(own) == own_port && (their_port == 0 || port_in(theirs) == their_port)) {
      ::shutdown(fd, SHUT_RDWR);
    }
  }
  if (directory != nullptr) {
    ::closedir(directory);
  }
}

void wait_until_running(const httplib::Server& server) {
  while (!server.is_running()) {
    std::this_thread::sleep_for(milliseconds(1));
  }
}

}  // namespace

struct ApiServer::Door {
  std::unique_ptr<httplib::Server> server;
  std::thread thread;
};

ApiServer::ApiServer(const Options& options)
    : bookmarks_(options.bookmarks), client_certificates_(options.client_certificates) {
  if (options.tls) {
    certificates_ = std::make_unique<Certificates>();
  }
  auto door = std::make_unique<Door>();
  door->server = make_server();
  if (options.port == 0) {
    port_ = door->server->bind_to_any_port("127.0.0.1");
  } else {
    port_ = door->server->bind_to_port("127.0.0.1", options.port) ? options.port : -1;
  }
  if (port_ < 0) {
    return;
  }
  door->thread = std::thread([server = door->server.get()] { server->listen_after_bind(); });
  wait_until_running(*door->server);
  doors_.push_back(std::move(door));
}

std::unique_ptr<httplib::Server> ApiServer::make_server() {
  std::unique_ptr<httplib::Server> server;
  if (certificates_ == nullptr) {
    server = std::make_unique<httplib::Server>();
  } else {
    server = std::make_unique<httplib::SSLServer>(
        certificates_->server().c_str(), certificates_->server_key().c_str(),
        client_certificates_ ? certificates_->authority().c_str() : nullptr);
  }
  server->new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server->set_keep_alive_max_count(100'000);
  server->set_keep_alive_timeout(5);
  server->set_tcp_nodelay(true);
  const auto handler = [this](const httplib::Request& request, httplib::Response& response) {
    handle(request, response);
  };
  server->Get(".*", handler)
      .Post(".*", handler)
      .Put(".*", handler)
      .Patch(".*", handler)
      .Delete(".*", handler);
  return server;
}

base::Status ApiServer::serve_inside(const std::string& netns) {
  const base::UniqueFd inside = TRY(base::open_file(netns, O_RDONLY));
  auto door = std::make_unique<Door>();
  door->server = make_server();
  std::promise<base::Status> bound;
  // A socket belongs to the namespace of the thread that made it.
  door->thread = std::thread([&bound, &inside, server = door->server.get(), port = port_] {
    if (::setns(inside.get(), CLONE_NEWNET) != 0) {
      bound.set_value(base::Error::from_errno(errno, "enter the network namespace"));
    } else if (!server->bind_to_port("127.0.0.1", port)) {
      bound.set_value(
          base::Error(base::ErrorKind::kTryAgain, "port " + std::to_string(port) + " is taken")
              .advice("is lo up in there?"));
    } else {
      bound.set_value({});
      server->listen_after_bind();
    }
  });
  base::Status opened = bound.get_future().get();
  if (!opened.ok()) {
    door->thread.join();
    return std::move(opened).context(netns);
  }
  wait_until_running(*door->server);
  doors_.push_back(std::move(door));
  return {};
}

ApiServer::~ApiServer() {
  stopping_ = true;
  objects_.wake();
  for (const std::unique_ptr<Door>& door : doors_) {
    door->server->stop();
  }
  break_connections(port_, 0);  // or they would be waited for, idle as they are
  for (const std::unique_ptr<Door>& door : doors_) {
    door->thread.join();
  }
}

std::string ApiServer::url() const {
  return std::string(certificates_ == nullptr ? "http" : "https") +
         "://127.0.0.1:" + std::to_string(port_);
}

kube::Config ApiServer::config() const {
  kube::Config config;
  config.server = url();
  if (certificates_ != nullptr) {
    config.authority.file = certificates_->authority();
    config.certificate.file = certificates_->client();
    config.key.file = certificates_->client_key();
  }
  const std::scoped_lock lock(mutex_);
  config.token = token_;
  return config;
}

void ApiServer::require_token(const std::string& token) {
  const std::scoped_lock lock(mutex_);
  token_ = token;
}

void ApiServer::fail(Fault fault) {
  const std::scoped_lock lock(mutex_);
  faults_.push_back(std::move(fault));
}

void ApiServer::interrupt(Interruption interruption) {
  {
    const std::scoped_lock lock(mutex_);
    interruption_ = interruption;
    ++interruptions_;
  }
  objects_.wake();
}

std::vector<SeenRequest> ApiServer::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

int ApiServer::count(const std::string& part) const {
  const std::scoped_lock lock(mutex_);
  return static_cast<int>(std::ranges::count_if(requests_, [&](const SeenRequest& request) {
    return request.target.find(part) != std::string::npos;
  }));
}

std::optional<Fault> ApiServer::take_fault(const httplib::Request& request) {
  const std::scoped_lock lock(mutex_);
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    if (request.target.find(fault->target) == std::string::npos ||
        (!fault->method.empty() && fault->method != request.method)) {
      continue;
    }
    Fault taken = *fault;
    if (--fault->times == 0) {
      faults_.erase(fault);
    }
    return taken;
  }
  return std::nullopt;
}

// Whether the request is answered with that.
bool ApiServer::answer_fault(const httplib::Request& request, httplib::Response& response) {
  const std::optional<Fault> fault = take_fault(request);
  if (!fault.has_value()) {
    return false;
  }
  switch (fault->fate) {
    case Fault::Fate::kSlow:
      std::this_thread::sleep_for(fault->delay);
      return false;
    case Fault::Fate::kLost:
      break_connections(port_, request.remote_port);
      return true;
    case Fault::Fate::kCut: {
      const std::string whole = print_line(serve(request).body);
      response.set_content_provider(
          whole.size(), "application/json",
          [whole](std::size_t /*offset*/, std::size_t /*length*/, httplib::DataSink& sink) {
            sink.write(whole.data(), whole.size() / 2);
            return false;
          });
      return true;
    }
    case Fault::Fate::kAnswer:
      break;
  }
  write(response, refuse(fault->status, fault->reason, "as the test wants it"));
  if (fault->text.has_value()) {
    response.set_content(*fault->text, "text/plain");
  }
  if (fault->retry_after.has_value()) {
    response.set_header("Retry-After", std::to_string(*fault->retry_after));
  }
  return true;
}

void ApiServer::handle(const httplib::Request& request, httplib::Response& response) {
  {
    const std::scoped_lock lock(mutex_);
    requests_.push_back({request.method, request.target, request.get_header_value("Content-Type"),
                         request.get_header_value("Authorization"), request.remote_port});
    if (!token_.empty() && requests_.back().authorization != "Bearer " + token_) {
      write(response, refuse(401, "Unauthorized", "Unauthorized"));
      return;
    }
  }
  if (answer_fault(request, response)) {
    return;
  }
  if (request.method == "GET" && is_on(request, "watch")) {
    const std::optional<ApiPath> path = parse_api_path(request.path);
    const std::optional<Selectors> selectors = Selectors::parse(
        request.get_param_value("fieldSelector"), request.get_param_value("labelSelector"));
    if (path.has_value() && path->name.empty() && selectors.has_value()) {
      serve_watch(request, response,
                  {.kind = path->kind, .space = path->space, .selectors = *selectors});
      return;
    }
  }
  write(response, serve(request));
}

Reply ApiServer::serve(const httplib::Request& request) {
  if (request.path == "/healthz" || request.path == "/readyz") {
    return {200, "ok"};
  }
  if (Json found = discovery(request.path); !found.is_null()) {
    return {200, std::move(found)};
  }
  const std::optional<ApiPath> path = parse_api_path(request.path);
  if (!path.has_value()) {
    return refuse(404, "NotFound", "the server could not find the requested resource");
  }
  const Kind& kind = *path->kind;
  const Part part = path->subresource.empty() ? Part::kObject : Part::kStatus;
  if (request.method == "GET" && path->name.empty()) {
    const std::optional<Selectors> selectors = Selectors::parse(
        request.get_param_value("fieldSelector"), request.get_param_value("labelSelector"));
    if (!selectors.has_value()) {
      return refuse(400, "BadRequest", "a selector can't be understood");
    }
    return objects_.list({.kind = &kind,
                          .space = path->space,
                          .selectors = *selectors,
                          .limit = number_of(request.get_param_value("limit"), 0),
                          .cursor = request.get_param_value("continue"),
                          .version = request.get_param_value("resourceVersion")});
  }
  if (request.method == "GET") {
    return objects_.get(kind, path->space, path->name);
  }
  if (request.method == "DELETE" && !path->name.empty()) {
    return objects_.erase(kind, path->space, path->name);
  }
  base::Result<Json> body = base::parse_json(request.body, kMostBody);
  if (!body.ok() || !body->is_object()) {
    return refuse(400, "BadRequest", "the body is no JSON object");
  }
  if (request.method == "POST" && path->name.empty()) {
    return objects_.create(kind, path->space, std::move(body).value());
  }
  if (request.method == "PUT" && !path->name.empty()) {
    return objects_.replace(kind, path->space, path->name, part, std::move(body).value());
  }
  if (request.method == "PATCH" && !path->name.empty()) {
    const std::string type = request.get_header_value("Content-Type");
    if (type != "application/merge-patch+json" &&
        type != "application/strategic-merge-patch+json") {
      return refuse(415, "UnsupportedMediaType",
                    "the body of the request was in an unknown format");
    }
    return objects_.patch(
        kind, path->space, path->name, part,
        type == "application/merge-patch+json" ? PatchType::kMerge : PatchType::kStrategic, *body);
  }
  return refuse(405, "MethodNotAllowed", "the server does not allow this method here");
}

}  // namespace catena::test
