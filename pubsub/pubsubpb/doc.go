// Package pubsubpb holds the generated stubs of the Salesforce Pub/Sub API (eventbus.v1).
//
// Regenerate with protoc, protoc-gen-go and protoc-gen-go-grpc on the PATH:
//
//	go generate ./pubsub/pubsubpb
package pubsubpb

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative pubsub.proto
