// Package hl7 reads HL7 version 2 messages, 2.3 to 2.5.1: admissions (ADT) and
// observations (ORU) as interface engines and archives write them to files.
package hl7
