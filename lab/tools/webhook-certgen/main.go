// Stand-in for kube-webhook-certgen, which is not part of the module of ingress-nginx: what the two Jobs of the ingress-nginx chart need of it.
// `create` makes the Secret with the admission webhook's certificate, unless there is one; `patch` writes its authority into
// the ValidatingWebhookConfiguration. Only the standard library, so that it is built in seconds.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const account = "/var/run/secrets/kubernetes.io/serviceaccount/"

type object = map[string]any

func main() {
	flags := flag.NewFlagSet("webhook-certgen", flag.ExitOnError)
	host := flags.String("host", "", "names of the certificate, separated by commas")
	namespace := flags.String("namespace", "", "the Secret's")
	secret := flags.String("secret-name", "", "")
	webhook := flags.String("webhook-name", "", "")
	policy := flags.String("patch-failure-policy", "", "")
	flags.Bool("patch-mutating", false, "not used: the chart has no such webhook")
	if len(os.Args) < 2 {
		fail(fmt.Errorf("want create or patch"))
	}
	flags.Parse(os.Args[2:])
	path := "/api/v1/namespaces/" + *namespace + "/secrets"
	switch os.Args[1] {
	case "create":
		if _, status := call("GET", path+"/"+*secret, nil); status == http.StatusOK {
			return
		}
		want(call("POST", path, object{
			"apiVersion": "v1",
			"kind":       "Secret",
			"metadata":   object{"name": *secret},
			"data":       certificates(strings.Split(*host, ",")), // bytes are base64 in JSON, as in a Secret
		}))
	case "patch":
		data := want(call("GET", path+"/"+*secret, nil))["data"].(object)
		path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/" + *webhook
		found := want(call("GET", path, nil))
		for _, one := range found["webhooks"].([]any) {
			one.(object)["clientConfig"].(object)["caBundle"] = data["ca"]
			one.(object)["failurePolicy"] = *policy
		}
		want(call("PUT", path, found))
	default:
		fail(fmt.Errorf("want create or patch, not %s", os.Args[1]))
	}
}

// certificates makes an authority and a certificate of it, with the keys that the controller's flags name.
func certificates(names []string) map[string][]byte {
	now := time.Now()
	authority := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "webhook-certgen"},
		NotBefore:             now.Add(-time.Minute),
		NotAfter:              now.AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: names[0]},
		DNSNames:     names,
		NotBefore:    authority.NotBefore,
		NotAfter:     authority.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	authorityKey, key := newKey(), newKey()
	signed := func(one *x509.Certificate, of *ecdsa.PrivateKey) []byte {
		der := must(x509.CreateCertificate(rand.Reader, one, authority, &of.PublicKey, authorityKey))
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	keyPem := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(key))})
	return map[string][]byte{"ca": signed(authority, authorityKey), "cert": signed(server, key), "key": keyPem}
}

func newKey() *ecdsa.PrivateKey {
	return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
}

// call asks the API server, as the pod's service account.
func call(method, path string, body object) (object, int) {
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(must(os.ReadFile(account + "ca.crt")))
	client := http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities}},
	}
	server := net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(must(json.Marshal(body)))
	}
	request := must(http.NewRequest(method, "https://"+server+path, content))
	request.Header.Set("Authorization", "Bearer "+string(must(os.ReadFile(account+"token"))))
	request.Header.Set("Content-Type", "application/json")
	response := must(client.Do(request))
	defer response.Body.Close()
	var answer object
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		fail(err)
	}
	return answer, response.StatusCode
}

func want(answer object, status int) object {
	if status >= 300 {
		fail(fmt.Errorf("the API server answered %d: %v", status, answer["message"]))
	}
	return answer
}

func must[T any](value T, err error) T {
	if err != nil {
		fail(err)
	}
	return value
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
