// Says what Kubernetes' own evaluator of the restricted level refuses in pods: a list of {name, pod} on stdin, a line
// of JSON for each refusal on stdout.
package main

import (
	"encoding/json"
	"log"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

type asked struct {
	Name string                 `json:"name"`
	Pod  corev1.PodTemplateSpec `json:"pod"`
}

type refusal struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
	Detail string `json:"detail"`
}

func main() {
	log.SetFlags(0)
	var pods []asked
	input := json.NewDecoder(os.Stdin)
	input.DisallowUnknownFields()
	if err := input.Decode(&pods); err != nil {
		log.Fatalf("cannot read the pods: %v", err)
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		log.Fatalf("cannot make the evaluator: %v", err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	output := json.NewEncoder(os.Stdout)
	for _, one := range pods {
		for _, result := range evaluator.EvaluatePod(restricted, &one.Pod.ObjectMeta, &one.Pod.Spec) {
			if result.Allowed {
				continue
			}
			if err := output.Encode(refusal{one.Name, result.ForbiddenReason, result.ForbiddenDetail}); err != nil {
				log.Fatal(err)
			}
		}
	}
}
