package omop

import (
	"os"
	"path/filepath"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/csv"
)

// Vocabularies as OHDSI's Athena hands them out have tabs between the values, and
// quotes that are letters.
func TestAthenaVocabulary(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"PERSON.csv": "person_id,gender_concept_id,year_of_birth,race_concept_id,ethnicity_concept_id\n1,8507,1980,0,0\n",
		"CONCEPT.csv": "concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tstandard_concept\tconcept_code\tvalid_start_date\tvalid_end_date\tinvalid_reason\n" +
			"1\t\"Heart\" disease, other\tCondition\tSNOMED\tDisorder\tS\t123\t19700101\t20991231\t\n" +
			"2\t\"never closed\tCondition\tSNOMED\tDisorder\tS\t456\t19700101\t20991231\t\n",
		"CONDITION_OCCURRENCE.csv": "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_type_concept_id\n1,1,2,2020-01-01,0\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Format{Files: []format.Format{csv.Format{}}}.Open(t.Context(), dir, format.Options{Table: format.ConditionTable, Columns: []string{format.Code}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := r.Next()
	if err != nil || b.Columns[0].Text[0] != "snomed:456 omop:2" {
		t.Errorf("%v, %v", b.Columns, err)
	}
}
