// Stands in for cnitool where the Go module proxy can't be reached: add, check and del by Debian's
// libcni (golang-github-appc-cni-dev, 1.1.2), called and set by the environment like cnitool.
package main

import (
	"context"
	"crypto/sha512"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/containernetworking/cni/libcni"
)

func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func cniArgs() [][2]string {
	var pairs [][2]string
	for _, pair := range strings.Split(os.Getenv("CNI_ARGS"), ";") {
		if pair == "" {
			continue
		}
		word := strings.SplitN(pair, "=", 2)
		if len(word) != 2 {
			fail("invalid CNI_ARGS pair %q", pair)
		}
		pairs = append(pairs, [2]string{word[0], word[1]})
	}
	return pairs
}

func attachment(netns string) *libcni.RuntimeConf {
	netns, err := filepath.Abs(netns)
	must(err)
	// The same identifier that cnitool makes of the path.
	sum := sha512.Sum512([]byte(netns))
	runtime := &libcni.RuntimeConf{
		ContainerID: fmt.Sprintf("cnitool-%x", sum[:10]),
		NetNS:       netns,
		IfName:      "eth0",
		Args:        cniArgs(),
	}
	if name, set := os.LookupEnv("CNI_IFNAME"); set {
		runtime.IfName = name
	}
	if text := os.Getenv("CAP_ARGS"); text != "" {
		must(json.Unmarshal([]byte(text), &runtime.CapabilityArgs))
	}
	return runtime
}

func main() {
	if len(os.Args) != 4 {
		fail("usage: %s add|check|del <network> <netns>", filepath.Base(os.Args[0]))
	}
	directory := os.Getenv("NETCONFPATH")
	if directory == "" {
		directory = "/etc/cni/net.d"
	}
	network, err := libcni.LoadConfList(directory, os.Args[2])
	must(err)
	libcni := libcni.NewCNIConfig(filepath.SplitList(os.Getenv("CNI_PATH")), nil)
	pod := attachment(os.Args[3])

	switch os.Args[1] {
	case "add":
		result, err := libcni.AddNetworkList(context.Background(), network, pod)
		must(err)
		must(result.Print())
	case "check":
		must(libcni.CheckNetworkList(context.Background(), network, pod))
	case "del":
		must(libcni.DelNetworkList(context.Background(), network, pod))
	default:
		fail("%s: this stand-in for cnitool knows add, check and del only", os.Args[1])
	}
}
