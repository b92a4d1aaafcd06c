#include "common/kube/client.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/base/fields.h"
#include "common/kube/access.h"
#include "common/kube/exchange.h"
#include "common/kube/objects.h"

namespace catena::kube {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using std::chrono::milliseconds;
using Json = nlohmann::json;

constexpr int kMostRestarts = 3;            // of a list that the server forgot
constexpr milliseconds kLeastTimeout{100};  // below it a request is not worth sending

std::string_view content_type_of(PatchKind kind) {
  return kind == PatchKind::kMerge ? "application/merge-patch+json"
                                   : "application/strategic-merge-patch+json";
}

}  // namespace

struct Client::State {
  State(Config given, Access made, ClientOptions chosen)
      : config(std::move(given)), access(std::move(made)), options(chosen) {}

  Status perform(Request request, Body& body);
  Result<Json> object_of(Request request);

  Config config;
  Access access;
  ClientOptions options;
  Easy easy{::curl_easy_init()};
};

// Success once `body` has a whole answer.
Status Client::State::perform(Request request, Body& body) {
  const base::Deadline deadline(options.budget);
  Backoff backoff(options.backoff);
  bool renewed = false;
  request.connect_timeout = options.connect_timeout;
  for (;;) {
    request.timeout = std::min(options.request_timeout, std::max(deadline.left(), kLeastTimeout));
    Exchange exchange(access, request, body);
    TRY(exchange.prepare(easy.get()));
    std::optional<Refusal> refusal = exchange.finish(easy.get(), ::curl_easy_perform(easy.get()));
    if (!refusal.has_value()) {
      return {};
    }
    if (refusal->status == 401 && !renewed && access.renew()) {
      renewed = true;
      request.fresh = true;
      continue;
    }
    const bool passing = refusal->may_pass() || refusal->error.code() == kTransport;
    const milliseconds wait = backoff.next(refusal->retry_after.value_or(std::chrono::seconds(0)));
    if (!passing || wait + kLeastTimeout > deadline.left()) {
      return std::move(refusal->error);
    }
    std::this_thread::sleep_for(wait);
  }
}

Result<Json> Client::State::object_of(Request request) {
  TextBody body;
  const std::string what = request.method + " " + request.path;
  TRY(perform(std::move(request), body));
  return base::parse_json(body.text(), kMostObject).context(what);
}

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::create(Config config, ClientOptions options) {
  Access access = TRY(Access::create(config));
  auto state = std::make_unique<State>(std::move(config), std::move(access), options);
  if (state->easy == nullptr) {
    return Error(ErrorKind::kInternal, "libcurl does not start");
  }
  return Client(std::move(state));
}

Result<Json> Client::get(const Reference& object) {
  Request request;
  request.path = path_of(object);
  return state_->object_of(std::move(request));
}

Result<Json> Client::patch(const Reference& object, PatchKind kind, const Json& change,
                           std::string_view subresource) {
  Request request;
  request.method = "PATCH";
  request.path = path_of(object, subresource);
  request.content_type = content_type_of(kind);
  request.body = base::print_json(change);
  return state_->object_of(std::move(request));
}

Result<std::string> Client::list(const Selection& selection, const ListVisitor& visitor,
                                 const ListOptions& options) {
  ListBody body(visitor.object);
  std::string cursor;
  int restarts = 0;
  bool begins = true;
  for (;;) {
    if (begins && visitor.begin) {
      visitor.begin();
    }
    begins = false;
    Request request;
    // The server refuses a resourceVersion beside a cursor.
    request.path =
        path_of(selection, {{"limit", std::to_string(options.page)},
                            {"continue", cursor},
                            {"resourceVersion", options.cached && cursor.empty() ? "0" : ""}});
    Status done = state_->perform(std::move(request), body);
    if (!done.ok() && done.error().code() == kExpired && !cursor.empty() &&
        restarts < kMostRestarts) {
      ++restarts;
      cursor.clear();
      begins = true;
      continue;
    }
    TRY(std::move(done));
    const Json list = TRY(body.rest().context("list " + selection.resource.plural));
    cursor = text_at(list, {"metadata", "continue"});
    if (cursor.empty()) {
      return resource_version_of(list);
    }
  }
}

Result<Watcher> Client::watch(Selection selection, OnEvent on_event, WatchOptions options) const {
  return Watcher::create(state_->config, std::move(selection), std::move(on_event),
                         std::move(options));
}

}  // namespace catena::kube
