package fhir

import "strings"

// dataType says whether a name in value[x] is one of the types that FHIR allows
// there. Source: FHIR R4, Open Type Element
// (https://hl7.org/fhir/R4/datatypes.html#open).
func dataType(s string) bool {
	switch s {
	case "Base64Binary", "Boolean", "Canonical", "Code", "Date", "DateTime", "Decimal", "Id", "Instant", "Integer", "Markdown", "Oid", "PositiveInt",
		"String", "Time", "UnsignedInt", "Uri", "Url", "Uuid", "Address", "Age", "Annotation", "Attachment", "CodeableConcept", "Coding",
		"ContactPoint", "Count", "Distance", "Duration", "HumanName", "Identifier", "Money", "Period", "Quantity", "Range", "Ratio", "Reference",
		"SampledData", "Signature", "Timing", "ContactDetail", "Contributor", "DataRequirement", "Expression", "ParameterDefinition",
		"RelatedArtifact", "TriggerDefinition", "UsageContext", "Dosage", "Meta":
		return true
	}
	return false
}

// resourceTypes lists the types of resources of FHIR R4
// (https://hl7.org/fhir/R4/resourcelist.html), and those that its examples still
// have from the ballot.
func resourceTypes() []string {
	return strings.Fields(`Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary
		BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem ChargeItemDefinition Claim
		ClaimResponse ClinicalImpression CodeSystem Communication CommunicationRequest CompartmentDefinition Composition ConceptMap Condition
		Consent Contract Coverage CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric
		DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter Endpoint
		EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit
		FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization
		ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice Library Linkage List Location Measure
		MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest MedicationStatement
		MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient
		MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged MedicinalProductPharmaceutical
		MedicinalProductUndesirableEffect MessageDefinition MessageHeader MolecularSequence NamingSystem NutritionOrder Observation
		ObservationDefinition OperationDefinition OperationOutcome Organization OrganizationAffiliation Parameters Patient PaymentNotice
		PaymentReconciliation Person PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse
		RelatedPerson RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject RiskAssessment
		RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition StructureDefinition StructureMap
		Subscription Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial
		SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities TestReport TestScript ValueSet VerificationResult
		VisionPrescription`)
}

// release names the release of FHIR that a resource shows to be of, where that is
// not R4 and would be read wrongly: by members that R4 has not, or has otherwise.
func release(kind string, r value) string {
	switch {
	case kind == "Condition" && r.get("clinicalStatus").is(text),
		kind == "Consent" && r.get("except").there(),
		kind == "MedicationRequest" && r.get("context").there():
		return "STU3"
	case kind == "Encounter" && r.get("class").is(array),
		kind == "Consent" && r.get("provision").is(array),
		(kind == "MedicationRequest" || kind == "MedicationAdministration" || kind == "MedicationStatement" || kind == "MedicationDispense") && r.get("medication").there(),
		kind == "Procedure" && (r.get("occurrenceDateTime").there() || r.get("occurrencePeriod").there()),
		kind == "ImagingStudy" && r.path("modality", "coding").there():
		return "R5"
	}
	return ""
}
