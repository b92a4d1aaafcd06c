#include "common/kube/watcher.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "common/kube/access.h"
#include "common/kube/exchange.h"
#include "common/kube/objects.h"
#include "common/kube/transfer.h"

namespace catena::kube {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

// A watch that lives shorter and brings nothing counts as failed: begun anew without a pause it
// would keep the server busy.
constexpr milliseconds kShortWatch{1'000};
// On top of what the server was asked for; then the connection counts as dead.
constexpr milliseconds kLateEnd{30'000};

std::optional<EventType> type_of(std::string_view name) {
  if (name == "ADDED") {
    return EventType::kAdded;
  }
  if (name == "MODIFIED") {
    return EventType::kModified;
  }
  if (name == "DELETED") {
    return EventType::kDeleted;
  }
  return std::nullopt;
}

}  // namespace

class Watcher::State {
 public:
  State(Access access, std::unique_ptr<Transfer> transfer, Selection selection, OnEvent on_event,
        WatchOptions options)
      : access_(std::move(access)),
        transfer_(std::move(transfer)),
        selection_(std::move(selection)),
        on_event_(std::move(on_event)),
        options_(std::move(options)),
        backoff_(options_.backoff),
        version_(options_.resource_version),
        listing_(version_.empty()) {
    transfer_->set_alarm(milliseconds(0));
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;
  ~State() { transfer_->stop(); }

  int fd() const { return transfer_->fd(); }
  bool synced() const { return synced_; }
  const std::string& version() const { return version_; }
  const std::optional<Error>& trouble() const { return trouble_; }

  void step() {
    const Transfer::Progress progress = transfer_->step();
    if (progress.done.has_value()) {
      end_exchange(*progress.done);
    } else if (progress.alarm && !exchange_.has_value()) {
      begin_exchange();
    } else if (exchange_.has_value() && exchange_->accepted()) {
      trouble_.reset();
      synced_ = synced_ || !listing_;
    }
  }

 private:
  void begin_exchange() {
    Request request = listing_ ? list_request() : watch_request();
    request.connect_timeout = options_.connect_timeout;
    request.fresh = std::exchange(fresh_, false);
    Body& body = listing_ ? static_cast<Body&>(list_body_) : event_body_;
    exchange_.emplace(access_, std::move(request), body);
    began_ = Clock::now();
    brought_something_ = false;
    event_error_.reset();
    Status started = exchange_->prepare(easy_.get());
    if (started.ok()) {
      started = transfer_->start(easy_.get());
    }
    if (!started.ok()) {
      exchange_.reset();
      fail(std::move(started).error(), backoff_.next());
    }
  }

  // A consistent list costs the server's database; one as new as what we know comes from its cache.
  Request list_request() const {
    Request request;
    const bool first = cursor_.empty();
    const std::string version = version_.empty() ? "0" : version_;
    const bool from_cache = first && !version_refused_;
    request.path =
        path_of(selection_, {{"limit", std::to_string(options_.page)},
                             {"continue", cursor_},
                             {"resourceVersion", from_cache ? version : ""},
                             {"resourceVersionMatch", from_cache ? "NotOlderThan" : ""}});
    request.timeout = options_.list_timeout;
    return request;
  }

  Request watch_request() {
    Request request;
    const milliseconds life = backoff_.between(options_.lifetime, options_.lifetime * 2);
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(life);
    request.path = path_of(selection_, {{"watch", "true"},
                                        {"allowWatchBookmarks", "true"},
                                        {"resourceVersion", version_},
                                        {"timeoutSeconds", std::to_string(seconds.count())}});
    request.timeout = seconds + kLateEnd;
    return request;
  }

  void begin_relist() {
    if (!relist_begun_) {
      relist_begun_ = true;
      on_event_(EventType::kRelistBegins, Json());
    }
  }

  void take_listed(Json&& object) {
    begin_relist();
    on_event_(EventType::kListed, std::move(object));
  }

  // An error ends the stream.
  Status take_event(std::string_view name, Json&& object) {
    if (name == "ERROR") {
      event_error_ = refusal_of(exchange_->what(), object);
      return Error(event_error_->error);
    }
    const std::optional<EventType> type = type_of(name);
    if (!type.has_value() && name != "BOOKMARK") {
      return Error(ErrorKind::kUndecodable, "an event of the unknown type " + std::string(name));
    }
    if (const std::string& version = resource_version_of(object); !version.empty()) {
      version_ = version;
    }
    go_well();
    brought_something_ = true;
    if (type.has_value()) {
      on_event_(*type, std::move(object));
    }
    return {};
  }

  // A list alone is no proof: the watch after it may fail each time.
  void go_well() {
    trouble_.reset();
    backoff_.reset();
    renewed_ = false;
    forgotten_before_ = false;
  }

  void fail(Error error, milliseconds wait) {
    trouble_ = std::move(error);
    transfer_->set_alarm(wait);
    if (options_.on_trouble) {
      options_.on_trouble(*trouble_, wait);
    }
  }

  void end_exchange(CURLcode code) {
    std::optional<Refusal> refusal = exchange_->finish(easy_.get(), code);
    const std::string what = exchange_->what();
    const bool accepted = exchange_->accepted();
    exchange_.reset();
    if (event_error_.has_value()) {
      refusal = std::exchange(event_error_, std::nullopt);
    }
    if (!listing_ && accepted && Clock::now() - began_ >= kShortWatch) {
      go_well();
    }
    if (refusal.has_value()) {
      take_refusal(*std::move(refusal));
    } else if (listing_) {
      end_page(what);
    } else {
      end_watch(what);
    }
  }

  void end_page(const std::string& what) {
    const Result<Json> list = list_body_.rest();
    if (!list.ok()) {
      fail(Error(list.error()).context(what), backoff_.next());
      return;
    }
    begin_relist();
    trouble_.reset();
    renewed_ = false;
    cursor_ = text_at(*list, {"metadata", "continue"});
    if (cursor_.empty()) {
      version_ = resource_version_of(*list);
      version_refused_ = false;
      listing_ = false;
      relist_begun_ = false;
      synced_ = true;
      on_event_(EventType::kRelistEnds, Json());
    }
    transfer_->set_alarm(milliseconds(0));
  }

  void end_watch(const std::string& what) {
    if (brought_something_ || Clock::now() - began_ >= kShortWatch) {
      transfer_->set_alarm(milliseconds(0));
      return;
    }
    fail(Error(ErrorKind::kTryAgain, what + ": the watch ended at once").code(kTransport),
         backoff_.next());
  }

  void take_refusal(Refusal refusal) {
    const std::string code = refusal.error.code();
    if (code == kExpired || code == kTooNew) {
      forget(std::move(refusal.error));
      return;
    }
    if (refusal.status == 401 && !renewed_ && access_.renew()) {
      renewed_ = true;
      fresh_ = true;
      transfer_->set_alarm(milliseconds(0));
      return;
    }
    renewed_ = false;
    fresh_ = refusal.status == 401;
    fail(std::move(refusal.error),
         backoff_.next(refusal.retry_after.value_or(std::chrono::seconds(0))));
  }

  // The server does not know our resourceVersion or cursor: a list is due. Once without a pause.
  void forget(Error error) {
    const bool had_begun = listing_;
    if (had_begun && cursor_.empty()) {
      version_refused_ = true;
    }
    listing_ = true;
    relist_begun_ = false;
    cursor_.clear();
    const milliseconds wait = forgotten_before_ ? backoff_.next() : milliseconds(0);
    forgotten_before_ = true;
    fail(std::move(error), wait);
  }

  Access access_;
  Easy easy_{::curl_easy_init()};
  std::unique_ptr<Transfer> transfer_;
  Selection selection_;
  OnEvent on_event_;
  WatchOptions options_;
  Backoff backoff_;
  ListBody list_body_{[this](Json&& object) { take_listed(std::move(object)); }};
  EventBody event_body_{
      [this](std::string_view type, Json&& object) { return take_event(type, std::move(object)); }};
  std::optional<Exchange> exchange_;

  std::string version_;
  std::string cursor_;            // of the list's next page
  bool listing_;                  // else watching
  bool relist_begun_ = false;     // kRelistBegins was said and no kRelistEnds yet
  bool version_refused_ = false;  // even a list "not older than" it: ask the database
  bool synced_ = false;
  bool renewed_ = false;           // the token, after the last 401
  bool fresh_ = false;             // the next request takes a new connection
  bool forgotten_before_ = false;  // since it last went well
  bool brought_something_ = false;
  Clock::time_point began_;
  std::optional<Refusal> event_error_;
  std::optional<Error> trouble_;
};

Result<Watcher> Watcher::create(Config config, Selection selection, OnEvent on_event,
                                WatchOptions options) {
  Access access = TRY(Access::create(std::move(config)));
  std::unique_ptr<Transfer> transfer = TRY(Transfer::create());
  return Watcher(std::make_unique<State>(std::move(access), std::move(transfer),
                                         std::move(selection), std::move(on_event),
                                         std::move(options)));
}

Watcher::Watcher(std::unique_ptr<State> state) : state_(std::move(state)) {}
Watcher::Watcher(Watcher&&) noexcept = default;
Watcher& Watcher::operator=(Watcher&&) noexcept = default;
Watcher::~Watcher() = default;

int Watcher::fd() const { return state_->fd(); }
void Watcher::step() { state_->step(); }
bool Watcher::synced() const { return state_->synced(); }
const std::string& Watcher::resource_version() const { return state_->version(); }
const std::optional<Error>& Watcher::trouble() const { return state_->trouble(); }

}  // namespace catena::kube
