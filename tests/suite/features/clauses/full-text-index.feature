@source:cypher/indexes/semantic-indexes/full-text-indexes
Feature: Full-text indexes

  Background:
    Given an empty graph
    And having executed:
      """
      CREATE FULLTEXT INDEX namesAndTeams FOR (n:Employee|Manager) ON EACH [n.name, n.team]
      """
    And having executed:
      """
      CREATE FULLTEXT INDEX communications FOR ()-[r:REVIEWED|EMAILED]-() ON EACH [r.message]
      """
    And having executed:
      """
      CREATE (nilsE:Employee {name: 'Nils Johansson', team: 'Operations', position: 'Engineer'}),
        (lisa:Manager {name: 'Lisa Danielsson', team: 'Sales'}),
        (maya:Employee {name: 'Maya Tanaka', team: 'Operations'}),
        (nilsM:Manager {name: 'Nils Nilsson', team: ['Kernel', 'Operations']}),
        (yu:Manager {name: 'Yu Chen', team: 'Kernel'}),
        (nobody:Visitor {name: 'Nils Visitor', team: 'Operations'}),
        (maya)-[:EMAILED {message: 'I have booked a team meeting tomorrow.'}]->(nilsE),
        (lisa)-[:REVIEWED {message: 'Great work, the meeting was short.'}]->(maya),
        (lisa)-[:PHONED {message: 'meeting'}]->(yu)
      """

  Scenario: [1] A word finds the nodes of all labels of the index in all its properties
    When executing query:
      """
      CALL db.index.fulltext.queryNodes('namesAndTeams', 'nils') YIELD node, score
      RETURN node.name AS name, score > 0 AS scored
      """
    Then the result should be, in any order:
      | name             | scored |
      | 'Nils Johansson' | true   |
      | 'Nils Nilsson'   | true   |
    And no side effects

  Scenario: [2] A phrase
    When executing query:
      """
      CALL db.index.fulltext.queryNodes('namesAndTeams', '"Nils Johansson"') YIELD node
      RETURN node.name AS name
      """
    Then the result should be, in any order:
      | name             |
      | 'Nils Johansson' |
    And no side effects

  Scenario: [3] A property, and a list of texts
    When executing query:
      """
      CALL db.index.fulltext.queryNodes('namesAndTeams', 'team:"Operations"') YIELD node
      RETURN node.name AS name
      """
    Then the result should be, in any order:
      | name             |
      | 'Nils Johansson' |
      | 'Maya Tanaka'    |
      | 'Nils Nilsson'   |
    And no side effects

  Scenario Outline: [4] Boolean operators, prefixes and typos
    When executing query:
      """
      CALL db.index.fulltext.queryNodes('namesAndTeams', '<words>') YIELD node
      RETURN count(node) AS n
      """
    Then the result should be, in any order:
      | n   |
      | <n> |
    And no side effects

    Examples:
      | words                      | n |
      | nils AND kernel            | 1 |
      | nils OR kernel             | 3 |
      | nils AND NOT kernel        | 1 |
      | +operations -maya          | 2 |
      | name:nils AND team:sales   | 0 |
      | (maya OR lisa) AND sales   | 1 |
      | opera*                     | 3 |
      | nlis~1                     | 2 |
      | nlis~                      | 3 |
      | NILS                       | 2 |
      | visitor                    | 0 |

  Scenario: [5] Relationships
    When executing query:
      """
      CALL db.index.fulltext.queryRelationships('communications', 'meeting') YIELD relationship, score
      RETURN type(relationship) AS type, score > 0 AS scored
      """
    Then the result should be, in any order:
      | type       | scored |
      | 'EMAILED'  | true   |
      | 'REVIEWED' | true   |
    And no side effects

  Scenario: [6] Skip and limit
    When executing query:
      """
      CALL db.index.fulltext.queryNodes('namesAndTeams', 'operations', {skip: 1, limit: 1}) YIELD node
      RETURN count(node) AS n
      """
    Then the result should be, in any order:
      | n |
      | 1 |
    And no side effects

  Scenario: [7] The options of an index, and what SHOW INDEXES says
    Given having executed:
      """
      CREATE FULLTEXT INDEX peopleNames FOR (n:Employee) ON EACH [n.name]
      OPTIONS {indexConfig: {`fulltext.analyzer`: 'english', `fulltext.eventually_consistent`: true}}
      """
    When executing query:
      """
      SHOW INDEXES YIELD name, type, label, property WHERE type = 'FULLTEXT'
      """
    Then the result should be, in any order:
      | name             | type       | label                        | property     |
      | 'namesAndTeams'  | 'FULLTEXT' | 'Employee\|Manager'          | 'name, team' |
      | 'communications' | 'FULLTEXT' | '()-[:EMAILED\|REVIEWED]-()' | 'message'    |
      | 'peopleNames'    | 'FULLTEXT' | 'Employee'                   | 'name'       |
    And no side effects

  @source:cypher/clauses/search
  Scenario: [8] SEARCH in the index before the pattern
    When executing query:
      """
      MATCH (m:Manager)-[:REVIEWED]->(e)
        SEARCH e IN (FULLTEXT INDEX namesAndTeams FOR 'operations' WHERE e.name STARTS WITH 'M' LIMIT 5) SCORE AS score
      RETURN m.name AS m, e.name AS e, score > 0 AS scored
      """
    Then the result should be, in any order:
      | m                 | e             | scored |
      | 'Lisa Danielsson' | 'Maya Tanaka' | true   |
    And no side effects

  @source:cypher/clauses/search
  Scenario: [9] SEARCH of relationships
    When executing query:
      """
      MATCH (a)-[r:EMAILED]->(b)
        SEARCH r IN (FULLTEXT INDEX communications FOR 'meeting' LIMIT 5)
      RETURN a.name AS a, b.name AS b
      """
    Then the result should be, in any order:
      | a             | b                |
      | 'Maya Tanaka' | 'Nils Johansson' |
    And no side effects

  Scenario: [10] Dropped by either form
    Given having executed:
      """
      DROP INDEX namesAndTeams
      """
    And having executed:
      """
      DROP FULLTEXT INDEX communications
      """
    When executing query:
      """
      SHOW INDEXES YIELD name RETURN count(name) AS n
      """
    Then the result should be, in any order:
      | n |
      | 0 |
    And no side effects
